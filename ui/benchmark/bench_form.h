// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>
#include <QWidget>

#include "ui/studio.h"

class QComboBox;
class QLabel;
class QLineEdit;
class QListWidget;
class QProgressBar;
class QPushButton;
class QSpinBox;
class QDoubleSpinBox;
class QJsonObject;

namespace distillix::ui {

/// What is to be measured: of which models, on which devices, how.
class BenchForm : public QWidget {
    Q_OBJECT
  public:
    enum class Kind { Published, Inference, Training };
    explicit BenchForm(Studio& studio, QWidget* parent = nullptr);

    void setContents(const ProjectContents& contents);
    /// As `info device` tells them.
    void setDevices(const QJsonObject& result);
    void chooseModel(const QString& path);
    Kind kind() const;

    /// One verb's arguments for each model on each device with each number of threads; they are run one after the
    /// other.
    std::vector<QStringList> jobs() const;
    void setRunning(bool on);
    void setProgress(const QString& text, double share);

  signals:
    void startAsked();
    void cancelAsked();

  private:
    void updateRows();
    QStringList checked(const QListWidget* list) const;

    Studio& m_studio;
    QComboBox* m_kind = nullptr;
    QListWidget *m_models = nullptr, *m_devices = nullptr, *m_tables = nullptr, *m_tests = nullptr;
    QLineEdit *m_threads = nullptr, *m_lengths = nullptr;
    QSpinBox *m_repeat = nullptr, *m_decode = nullptr, *m_batch = nullptr, *m_tokens = nullptr;
    QDoubleSpinBox* m_minutes = nullptr;
    QComboBox *m_runV03 = nullptr, *m_runV04 = nullptr;
    QLabel *m_explained = nullptr, *m_progressText = nullptr;
    QProgressBar* m_progress = nullptr;
    QPushButton *m_start = nullptr, *m_cancel = nullptr;
    std::vector<std::pair<QWidget*, std::vector<Kind>>> m_rows;
    QString m_wanted;
    QStringList m_offered;
};

}  // namespace distillix::ui
