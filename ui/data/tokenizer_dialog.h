// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/widgets/verb_dialog.h"

class QSpinBox;

namespace distillix::ui {

/// A tokenizer by itself (`tokenizer train`): of which files, how many pieces, progress, and how well it compresses
/// what it was made of. It becomes one of the project's, and every import offers it.
class TokenizerDialog : public VerbDialog {
    Q_OBJECT
  public:
    TokenizerDialog(Studio& studio, QWidget* parent);

  signals:
    void trained(const QString& file);

  private:
    void setSources(const QStringList& sources);
    bool canStart() const override;
    void start() override;
    QStringList succeeded(const QJsonObject& result) override;
    QString progressText(const QJsonObject& line) const override;
    void updateButtons() override;

    QString m_out;
    QLineEdit *m_source, *m_extensions, *m_name;
    QSpinBox* m_pieces;
};

}  // namespace distillix::ui
