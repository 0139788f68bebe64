// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QMainWindow>

#include "ui/page.h"

class QButtonGroup;
class QFrame;
class QStackedWidget;
class QToolButton;

namespace distillix::ui {

class CommandPalette;
class NoticeBar;
class StallProbe;
class StatusBar;
class Welcome;

/// The frame: menus, the rail of pages, the pages, the status bar. Object names: rail, rail.data …, page.data …;
/// "welcome" stands in the pages' place until a project is open.
class MainWindow : public QMainWindow {
    Q_OBJECT
  public:
    explicit MainWindow(Studio& studio, QWidget* parent = nullptr);
    ~MainWindow() override;

    PageId currentPage() const;
    Page* page(PageId id) const { return m_pages[static_cast<int>(id)]; }
    void showPage(PageId id, const QVariantMap& arguments = {});
    void showWelcome();
    /// How long the event loop has kept anyone waiting.
    StallProbe& probe() { return *m_probe; }

  signals:
    /// Once: the window has been painted and has dealt with what waited until then.
    void usable();

  protected:
    bool event(QEvent* event) override;
    void closeEvent(QCloseEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

  private:
    void makePages();
    void makeMenus();
    void makeRail();
    void connectActions();
    void restoreLayout();
    void projectOpened();
    void updateTitle();
    void updateRecent();
    void retint();

    Studio& m_studio;
    QFrame* m_rail = nullptr;
    QButtonGroup* m_railButtons = nullptr;
    QStackedWidget* m_stack = nullptr;
    StatusBar* m_status = nullptr;
    NoticeBar* m_notices = nullptr;
    QMenu* m_recent = nullptr;
    CommandPalette* m_palette = nullptr;
    StallProbe* m_probe = nullptr;
    Welcome* m_welcome = nullptr;
    PageId m_page = PageId::Data;
    bool m_painted = false;
    QList<Page*> m_pages;
};

/// The pages by name: "data", "train", … in settings, object names and the program's arguments.
QString pageName(PageId id);

}  // namespace distillix::ui
