// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/widgets/verb_dialog.h"

namespace distillix::ui {

/// Another program's model made a model folder of the project (`distillix import-model`).
class ImportModelDialog : public VerbDialog {
    Q_OBJECT
  public:
    explicit ImportModelDialog(Studio& studio, QWidget* parent);

  signals:
    void imported(const QString& model);

  private:
    void setSource(const QString& path);
    bool canStart() const override;
    void start() override;
    QStringList succeeded(const QJsonObject& result) override;
    void updateButtons() override;

    QString m_out;
    QLineEdit *m_source, *m_name, *m_tokenizer, *m_config;
};

}  // namespace distillix::ui
