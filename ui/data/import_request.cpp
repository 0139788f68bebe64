// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/data/import_request.h"

#include <QCoreApplication>

namespace distillix::ui {

namespace {
struct ImportTexts {
    Q_DECLARE_TR_FUNCTIONS(import)
};
}  // namespace

QStringList ImportRequest::shared() const {
    QStringList arguments{QStringLiteral("import")};
    arguments += sources;
    arguments << QStringLiteral("--shape") << shape;
    for (auto role = columns.begin(); role != columns.end(); ++role)
        arguments << QStringLiteral("--%1-column").arg(role.key()) << role.value();
    if (!tokenizer.isEmpty())
        arguments << QStringLiteral("--tokenizer") << tokenizer;
    else
        arguments << QStringLiteral("--vocab-size") << QString::number(vocabSize);
    if (!extensions.isEmpty()) arguments << QStringLiteral("--extension") << extensions.join(QLatin1Char(','));
    if (fillInMiddle > 0) arguments << QStringLiteral("--fill-in-middle") << QString::number(fillInMiddle);
    if (learnPrompts) arguments << QStringLiteral("--learn-prompts");
    if (keepDuplicates) arguments << QStringLiteral("--keep-duplicates");
    return arguments;
}

QStringList ImportRequest::previewArguments(int records) const {
    return shared() + QStringList{QStringLiteral("--dry-run"), QStringLiteral("--records"), QString::number(records),
                                  QStringLiteral("--tokens"), QString::number(previewTokens)};
}

QStringList ImportRequest::importArguments(const QString& out) const {
    QStringList arguments = shared();
    if (!validationFile.isEmpty())
        arguments << QStringLiteral("--validation") << validationFile;
    else if (validationFraction > 0)
        arguments << QStringLiteral("--validation-fraction") << QString::number(validationFraction);
    return arguments << QStringLiteral("--out") << out;
}

QStringList columnRoles() {
    return {QStringLiteral("prompt"),   QStringLiteral("response"), QStringLiteral("responses"), QStringLiteral("text"),
            QStringLiteral("messages"), QStringLiteral("input"),    QStringLiteral("system")};
}

QString columnRoleName(const QString& role) {
    if (role == QStringLiteral("prompt")) return ImportTexts::tr("Prompt");
    if (role == QStringLiteral("response")) return ImportTexts::tr("Response");
    if (role == QStringLiteral("responses")) return ImportTexts::tr("Several responses");
    if (role == QStringLiteral("text")) return ImportTexts::tr("Text");
    if (role == QStringLiteral("messages")) return ImportTexts::tr("Messages");
    if (role == QStringLiteral("input")) return ImportTexts::tr("Input");
    if (role == QStringLiteral("system")) return ImportTexts::tr("System message");
    if (role == QStringLiteral("assertion")) return ImportTexts::tr("Test of the answer");
    return role;
}

QStringList recordShapes() {
    return {QStringLiteral("auto"),    QStringLiteral("prompt-response"), QStringLiteral("responses"),
            QStringLiteral("text"),    QStringLiteral("messages"),        QStringLiteral("alpaca"),
            QStringLiteral("sharegpt")};
}

QString recordShapeName(const QString& shape) {
    if (shape == QStringLiteral("auto")) return ImportTexts::tr("As detected");
    if (shape == QStringLiteral("prompt-response")) return ImportTexts::tr("Prompt and response");
    if (shape == QStringLiteral("responses")) return ImportTexts::tr("Prompt, several teachers' responses");
    if (shape == QStringLiteral("text")) return ImportTexts::tr("Text");
    if (shape == QStringLiteral("messages")) return ImportTexts::tr("Messages (OpenAI, ChatML)");
    if (shape == QStringLiteral("alpaca")) return ImportTexts::tr("Alpaca");
    if (shape == QStringLiteral("sharegpt")) return ImportTexts::tr("ShareGPT");
    return shape;
}

}  // namespace distillix::ui
