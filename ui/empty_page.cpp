// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/empty_page.h"

#include <QVBoxLayout>

#include "ui/widgets/empty_state.h"

namespace distillix::ui {

EmptyPage::EmptyPage(Studio& studio, const QString& title, const QString& icon) : Page(studio), m_title(title) {
    auto* layout = new QVBoxLayout(this);
    layout->addWidget(new EmptyState(studio.theme(), icon, title, tr("This page is not part of this build.")));
}

}  // namespace distillix::ui
