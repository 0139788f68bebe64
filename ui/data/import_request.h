// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QMap>
#include <QString>
#include <QStringList>

namespace distillix::ui {

/// What a person has chosen for an import, as the verb's arguments.
struct ImportRequest {
    QStringList sources;
    QString shape = QStringLiteral("auto");
    QMap<QString, QString> columns;  ///< role ("prompt", "response", …) to column, where the person overrides
    QString tokenizer;               ///< a file; empty: one is trained
    int vocabSize = 8000;
    double validationFraction = 0.05;
    QString validationFile;  ///< instead of the fraction
    QStringList extensions;  ///< of a folder
    double fillInMiddle = 0;
    bool learnPrompts = false;
    bool keepDuplicates = false;
    int previewTokens = 256;

    /// `import SOURCES... --dry-run` with these choices; `records` of each source are looked at.
    QStringList previewArguments(int records = 1000) const;
    QStringList importArguments(const QString& out) const;
    bool operator==(const ImportRequest&) const = default;

  private:
    QStringList shared() const;
};

/// The roles that a column can be given, in the order of menus, and what people call them.
QStringList columnRoles();
QString columnRoleName(const QString& role);
/// The shapes of records, "auto" first, and what people call them.
QStringList recordShapes();
QString recordShapeName(const QString& shape);

}  // namespace distillix::ui
