// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include "ui/models/run_follower.h"
#include "ui/studio.h"

class QComboBox;
class QPlainTextEdit;

namespace distillix::ui {

/// The model's answers as training goes on, newest first; one prompt's alone shows how it learns. Always plain text.
class SamplesView : public QWidget {
    Q_OBJECT
  public:
    explicit SamplesView(Studio& studio, QWidget* parent = nullptr);
    void setSamples(const std::vector<RunSample>& samples);

  private:
    void rebuild();

    Studio& m_studio;
    std::vector<RunSample> m_samples;
    QComboBox* m_prompt = nullptr;
    QPlainTextEdit* m_text = nullptr;
};

}  // namespace distillix::ui
