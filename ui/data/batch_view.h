// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QJsonObject>
#include <QTextEdit>

#include "ui/theme.h"

namespace distillix::ui {

/// The first batch as the model sees it: each token on a tint of its own, what is not learnt dimmed, a line where a
/// document begins. Text of the data is never taken for HTML.
class BatchView : public QTextEdit {
    Q_OBJECT
  public:
    explicit BatchView(Theme& theme, QWidget* parent = nullptr);
    /// "firstBatch" of the verbs' results.
    void setBatch(const QJsonObject& batch);
    int tokensShown() const { return m_tokens; }
    int documentsShown() const { return m_documents; }

  private:
    void render();
    Theme& m_theme;
    QJsonObject m_batch;
    int m_tokens = 0, m_documents = 0;
};

}  // namespace distillix::ui
