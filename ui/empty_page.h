// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/page.h"

namespace distillix::ui {

/// A page that is not part of this build.
class EmptyPage : public Page {
    Q_OBJECT
  public:
    EmptyPage(Studio& studio, const QString& title, const QString& icon);
    QString title() const override { return m_title; }

  private:
    QString m_title;
};

}  // namespace distillix::ui
