// SPDX-License-Identifier: GPL-3.0-or-later
// How the window looks: one palette, one spacing scale, one type scale, icons in the text's colour. Everything that
// paints takes its colours and sizes from here, and paints anew on changed().
#pragma once

#include <QColor>
#include <QFont>
#include <QHash>
#include <QIcon>
#include <QObject>
#include <QString>

class QDBusVariant;
class QWidget;

namespace distillix::ui {

/// Distances in device-independent pixels: gaps within a control, between controls, around a group, between groups.
namespace space {
inline constexpr int xs = 4, s = 8, m = 12, l = 16, xl = 24, xxl = 32;
}

/// Sizes of text: 11, 13, 15, 20 and 28 pixels, times the zoom.
enum class Type { Caption, Body, BodyStrong, Subtitle, Title, Display, Mono, MonoSmall };

/// What a colour is for. AA contrast (4.5 to 1) holds for Text, Muted, Accent, Good, Warning and Bad on Window, Surface
/// and Raised, in both themes; a test computes it.
enum class Ink {
    Window,
    Surface,
    Raised,
    Hover,
    Border,
    Text,
    Muted,
    Faint,
    Accent,
    OnAccent,
    AccentSoft,
    Good,
    Warning,
    Bad
};

class Theme : public QObject {
    Q_OBJECT
  public:
    enum class Mode { Desktop, Light, Dark };  ///< Desktop: as the desktop has it

    explicit Theme(QObject* parent = nullptr);

    Mode mode() const { return m_mode; }
    void setMode(Mode mode);
    bool isDark() const { return m_dark; }
    /// 0.8 to 1.6; sizes of text and controls.
    double zoom() const { return m_zoom; }
    void setZoom(double zoom);
    /// `pixels` at this zoom.
    int scaled(int pixels) const;

    QColor colour(Ink ink) const;
    /// Colours of curves, distinguishable with any kind of colour blindness (after Okabe and Ito), repeated behind the
    /// eighth.
    QColor seriesColour(int index) const;
    static constexpr int kSeriesColours = 8;
    QFont font(Type type) const;
    /// resources/icons/NAME.svg in the text's colour (accented where checked), crisp at every size and scale.
    QIcon icon(const QString& name, Ink ink = Ink::Text) const;

    /// Puts palette and font onto the application, and its style sheet once dress() was called.
    void apply();
    /// From now on with the style sheet: once, when the window's widgets are made. Under a style sheet every widget
    /// that is put into another one is styled anew with all that is in it, which took longer than making them.
    void dress();

    // Roles that the style sheet knows; set before the widget is shown. They spare every page a sheet of its own.
    static void setType(QWidget* widget, Type type);  ///< a label's size
    static void setInk(QWidget* widget, Ink ink);     ///< a label's colour: Muted, Accent, Good, Warning, Bad
    static void setCard(QWidget* widget);             ///< a group on a surface with a border (a QFrame or QWidget)
    static void setPrimary(QWidget* button);          ///< the page's main button
    static void setFlat(QWidget* button);             ///< without a border until the mouse is over it
    static void setDanger(QWidget* button);           ///< deletes something
    static void setPlain(QWidget* list);              ///< a list or tree without a border, on what lies behind it

  signals:
    void changed();

  private:
    void followDesktop();
    void decide();
    QString styleSheet() const;

    Mode m_mode = Mode::Desktop;
    bool m_dark = false;
    bool m_desktopDark = false;
    bool m_dressed = false;
    double m_zoom = 1;
    mutable QHash<QString, QIcon> m_icons;

  private slots:
    void desktopSettingChanged(const QString& space, const QString& key, const QDBusVariant& value);
};

}  // namespace distillix::ui
