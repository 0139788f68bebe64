// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include "ui/project.h"
#include "ui/studio.h"
#include "ui/widgets/config_form/config_form.h"

class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;

namespace distillix::ui {

class CostCard;

/// A new run: its name, dataset and preset, every setting of the training and the model, what it will cost, and Start.
class NewRunForm : public QWidget {
    Q_OBJECT
  public:
    explicit NewRunForm(Studio& studio, QWidget* parent = nullptr);

    void setContents(const ProjectContents& contents);
    void chooseDataset(const QString& path);
    /// The settings of a run that was, with changes: "with half the batch".
    void copyFrom(const nlohmann::ordered_json& model, const nlohmann::ordered_json& training, const QString& dataset,
                  const nlohmann::ordered_json& changes);
    /// A machine that trains already makes no trial by itself.
    void setMachineBusy(bool busy);
    /// The trainer's words where it could not begin.
    void showProblem(const QString& text);
    void setStarting(bool on);
    CostCard* cost() const { return m_cost; }
    ConfigForm* form() const { return m_form; }
    /// As long as the page is hidden nothing is asked of a child.
    void activate();
    QVariantMap draft() const;
    void setDraft(const QVariantMap& draft);

  public slots:
    void start();

  signals:
    /// `arguments` for `train new RUN`.
    void startWanted(const QString& name, const QStringList& arguments);
    void draftChanged();

  protected:
    void showEvent(QShowEvent* event) override;

  private:
    void presetChosen();
    void edited();
    void nameDefault();
    void updateStart();
    QString dataset() const;

    Studio& m_studio;
    QLineEdit* m_name = nullptr;
    QComboBox *m_dataset = nullptr, *m_preset = nullptr;
    QLabel *m_presetHelp = nullptr, *m_changedCount = nullptr, *m_problem = nullptr;
    ConfigForm* m_form = nullptr;
    CostCard* m_cost = nullptr;
    QPushButton *m_start = nullptr, *m_advanced = nullptr, *m_reset = nullptr, *m_import = nullptr;
    std::set<std::string> m_modelKeys;
    QStringList m_taken;
    bool m_nameTyped = false, m_starting = false, m_filling = false;
};

}  // namespace distillix::ui
