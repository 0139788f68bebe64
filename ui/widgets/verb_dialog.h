// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDialog>
#include <initializer_list>

#include "ui/jobs/verb_process.h"
#include "ui/studio.h"

class QHBoxLayout;
class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;
class QVBoxLayout;

namespace distillix::ui {

class DialogDraft;

/// A dialog that runs one verb: a form above, and below it how far the verb is, what is wrong or what came of it, and
/// the buttons. While the verb runs, Cancel and Escape end the verb and the dialog stays; it is deleted when it closes.
/// Its widgets are named after it: NAME.start, NAME.cancel, NAME.error, NAME.progress, NAME.result.
class VerbDialog : public QDialog {
    Q_OBJECT
  public:
    void reject() override;

  protected:
    /// `action` is what the button says that starts the verb; `page` is where its job belongs.
    VerbDialog(Studio& studio, PageId page, const QString& name, const QString& title, const QString& action,
               QWidget* parent);

    Studio& studio() const { return m_studio; }
    VerbProcess& verb() { return m_verb; }
    /// What stands above the verb's outcome: the title is in it.
    QVBoxLayout* content() const { return m_content; }
    /// Left of the buttons Cancel and start.
    QHBoxLayout* buttons() const { return m_buttons; }
    /// What was typed comes back when the dialog opens again, until the verb has ended well.
    void keepDraftOf(std::initializer_list<QWidget*> widgets);

    bool isRunning() const { return m_verb.isRunning(); }
    /// The verb ended well, and nothing was changed since.
    bool isDone() const { return m_done; }
    void run(const QString& job, const QStringList& arguments);
    /// The form was changed: it can be started again.
    void changed();
    void tellError(const QString& text);
    void tellProgress(const QString& text);

    virtual bool canStart() const = 0;
    virtual void start() = 0;
    /// What is said of the verb's result, in lines.
    virtual QStringList succeeded(const QJsonObject& result) = 0;
    /// For people, of a line of progress (core/jobs/PROTOCOL.md); empty: as it was.
    virtual QString progressText(const QJsonObject& line) const;
    void showEvent(QShowEvent* event) override;
    /// Behind every change of canStart(), isRunning() and isDone(); the form's own widgets follow here.
    virtual void updateButtons();

  private:
    void progressed(const QJsonObject& line);
    void ended(const VerbOutcome& outcome);

    Studio& m_studio;
    const PageId m_page;
    VerbProcess m_verb;
    DialogDraft* m_draft = nullptr;
    int m_job = 0;
    bool m_done = false;
    QVBoxLayout* m_content;
    QHBoxLayout* m_buttons;
    QLabel *m_error, *m_progressText, *m_result;
    QProgressBar* m_progress;
    QPushButton *m_start, *m_cancel;
};

}  // namespace distillix::ui
