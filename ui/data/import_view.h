// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QJsonObject>
#include <QTimer>
#include <QWidget>

#include "ui/data/import_request.h"
#include "ui/data/table_models.h"
#include "ui/jobs/verb_process.h"
#include "ui/studio.h"

class QCheckBox;
class QComboBox;
class QDoubleSpinBox;
class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;
class QSpinBox;
class QStackedWidget;
class QTabWidget;
class QTableView;

namespace distillix::ui {

class BatchView;

/// From files to a dataset: what they are taken for, what becomes of them, and the import itself. Every change of a
/// setting asks `distillix import --dry-run` anew; the import is one verb, and leaves nothing where it is cancelled.
class ImportView : public QWidget {
    Q_OBJECT
  public:
    explicit ImportView(Studio& studio, QWidget* parent = nullptr);
    /// Begins with these files or folders.
    void setSources(const QStringList& sources);
    /// What is to be imported and how, to be gone on with later; empty where there is nothing.
    QVariantMap draft() const;
    void restore(const QVariantMap& draft);
    /// Of the import that runs; 0 where none does.
    qint64 childId() const { return m_import.pid(); }
    bool isImporting() const { return m_import.isRunning(); }
    const ImportRequest& request() const { return m_request; }

  signals:
    void imported(const QString& dataset);
    void closed();
    void draftChanged();

  private:
    QWidget* makeSettings();
    QWidget* makeTabs();
    void changed();
    void readSettings();
    /// A file in place of a share; empty: the share.
    void holdOut(const QString& file);
    void startPreview();
    void showPreview(const VerbOutcome& outcome);
    void showSource(int index);
    void showStatistics(const QJsonObject& result);
    void showColumnMenu(int section);
    void fillTokenizers();
    void startImport();
    void showProgress(const QJsonObject& line);
    void importEnded(const VerbOutcome& outcome);
    void updateButtons();

    Studio& m_studio;
    ImportRequest m_request;
    VerbProcess m_preview, m_import;
    QTimer m_soon;
    QJsonObject m_result;  ///< of the last preview
    int m_job = 0;
    QString m_out;
    bool m_folder = false;

    PreviewModel m_rows;
    RefusalModel m_refusals;
    QLabel *m_title, *m_detected, *m_error, *m_progressText, *m_tokenizerNote, *m_statistics, *m_batchNote;
    QComboBox *m_source, *m_shape, *m_tokenizer, *m_tokens;
    QLineEdit *m_name, *m_extensions;
    QSpinBox *m_vocab, *m_validation;
    QDoubleSpinBox* m_middle;
    QCheckBox *m_learnPrompts, *m_keepDuplicates;
    QPushButton *m_start, *m_cancel, *m_validationFile;
    QProgressBar *m_busy, *m_progress;
    QTabWidget* m_tabs;
    QTableView *m_table, *m_refused;
    QStackedWidget* m_tableStack;
    QLabel* m_noTable;
    BatchView* m_batch;
};

}  // namespace distillix::ui
