// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QVariantMap>
#include <QWidget>

#include "ui/studio.h"

namespace distillix::ui {

/// One page of the rail. Made once, when the window is; a page that has much to do does it in activate(). It follows
/// studio().projectChanged(), and shows what to do where there is no project or nothing in it.
class Page : public QWidget {
    Q_OBJECT
  public:
    explicit Page(Studio& studio, QWidget* parent = nullptr) : QWidget(parent), m_studio(studio) {}
    /// For the window's title and screen readers.
    virtual QString title() const = 0;
    /// The page is shown now, maybe with arguments of who sent the person here (Studio::showPage).
    virtual void activate(const QVariantMap& arguments) { Q_UNUSED(arguments); }
    /// The window closes: drafts go into the settings now. Jobs of the page's own are ended by their destructors.
    virtual void saveState() {}

  protected:
    Studio& studio() const { return m_studio; }

  private:
    Studio& m_studio;
};

}  // namespace distillix::ui
