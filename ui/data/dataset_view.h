// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QJsonObject>
#include <QWidget>

#include "ui/data/table_models.h"
#include "ui/jobs/verb_process.h"
#include "ui/studio.h"

class QFormLayout;
class QLabel;
class QPushButton;
class QTabWidget;
class QTableView;

namespace distillix::ui {

class BatchView;

/// A dataset of the project: what it is made of, what its tokenizer compresses to, what packing leaves empty, what was
/// refused, and its first batch.
class DatasetView : public QWidget {
    Q_OBJECT
  public:
    explicit DatasetView(Studio& studio, QWidget* parent = nullptr);
    void show(const QString& path);
    const QString& path() const { return m_path; }

  signals:
    void removed();

  private:
    void fill(const QJsonObject& info);
    void readRefused();
    void askToDelete();

    Studio& m_studio;
    QString m_path;
    VerbProcess m_info;
    RefusalModel m_refusals;
    QLabel *m_title, *m_subtitle, *m_error;
    QLabel *m_sources, *m_train, *m_validation, *m_lengths, *m_tokenizer, *m_compression, *m_padding, *m_languages,
        *m_left;
    QTabWidget* m_tabs;
    BatchView* m_batch;
    QTableView* m_refused;
    QPushButton *m_use, *m_delete;
};

}  // namespace distillix::ui
