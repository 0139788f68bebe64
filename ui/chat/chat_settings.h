// SPDX-License-Identifier: GPL-3.0-or-later
// How a model is asked: named presets, chat or plain completion, the system's words, the template, and every field of
// the sampling (core's SamplingConfig says what there is).
#pragma once

#include <QHash>
#include <QJsonObject>
#include <QScrollArea>

#include "ui/settings.h"
#include "ui/theme.h"

class QComboBox;
class QDoubleSpinBox;
class QLabel;
class QPlainTextEdit;
class QPushButton;
class QToolButton;
class QVBoxLayout;

namespace distillix::ui {

/// Presets of sampling: those that come with the program and those a person saved, in the window's settings.
class SamplingPresets {
  public:
    explicit SamplingPresets(Settings& settings);
    QStringList names() const;
    QJsonObject values(const QString& name) const;
    bool isOwn(const QString& name) const { return m_own.contains(name); }
    void save(const QString& name, const QJsonObject& values);
    void remove(const QString& name);
    static QString first();  ///< what a new conversation begins with

  private:
    void write();
    Settings& m_settings;
    QJsonObject m_own;
};

class ChatSettings : public QScrollArea {
    Q_OBJECT
  public:
    ChatSettings(Theme& theme, Settings& settings, QWidget* parent = nullptr);

    struct Values {
        bool completion = false;
        QString systemPrompt;
        QString templateName = QStringLiteral("auto");
        QString preset;
        QJsonObject sampling;  ///< all keys; "seed" only where it is fixed
    };
    Values values() const;
    /// Without a signal.
    void setValues(const Values& values);
    /// What the model uses where the template is chosen by itself.
    void setUsedTemplate(const QString& name);

    /// Saves what is set under that name.
    void savePreset(const QString& name);

  signals:
    void changed();

  private:
    QWidget* row(QVBoxLayout* layout, const QString& label, QWidget* field, const QString& help);
    QJsonObject sampling() const;
    void setSampling(const QJsonObject& values);
    void listPresets(const QString& current);
    void edited();
    void show(bool completion);

    Theme& m_theme;
    SamplingPresets m_presets;
    QComboBox *m_preset, *m_template;
    QPushButton *m_chat, *m_completion;
    QToolButton* m_presetMenu;
    QPlainTextEdit* m_system;
    QLabel* m_used;
    QList<QWidget*> m_chatOnly;
    QHash<QString, QDoubleSpinBox*> m_numbers;
    QHash<QString, QComboBox*> m_choices;
    bool m_setting = false;
};

}  // namespace distillix::ui
