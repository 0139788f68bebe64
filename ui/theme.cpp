// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/theme.h"

#include <QApplication>
#include <QDBusConnection>
#include <QDBusMessage>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDBusVariant>
#include <QFile>
#include <QFontDatabase>
#include <QIconEngine>
#include <QPainter>
#include <QPalette>
#include <QPixmap>
#include <QStyle>
#include <QStyleFactory>
#include <QSvgRenderer>
#include <QWidget>

// Of the library's resources; a static library's do not load by themselves. Outside every namespace, as Qt wants it.
static void loadResources() {
    Q_INIT_RESOURCE(studio);
}

namespace distillix::ui {

namespace {

struct Colours {
    Ink ink;
    const char* light;
    const char* dark;
};
constexpr Colours kColours[] = {
    {Ink::Window, "#f6f6f7", "#131417"},   {Ink::Surface, "#ffffff", "#1a1b1f"},    {Ink::Raised, "#f0f0f2", "#23252a"},
    {Ink::Hover, "#e9e9ec", "#2a2c32"},    {Ink::Border, "#dedee3", "#303239"},     {Ink::Text, "#1b1c20", "#ececf0"},
    {Ink::Muted, "#5d5f69", "#a3a6b1"},    {Ink::Faint, "#9b9da7", "#6d707b"},      {Ink::Accent, "#2257c5", "#82aaff"},
    {Ink::OnAccent, "#ffffff", "#0f1830"}, {Ink::AccentSoft, "#e3ebfb", "#22304f"}, {Ink::Good, "#176d3c", "#5fcf8e"},
    {Ink::Warning, "#8a5100", "#f0b254"},  {Ink::Bad, "#b3261e", "#ff8a80"},
};

// Okabe and Ito's, moved a little so that each stands off its background by 3 to 1.
constexpr const char* kSeriesLight[Theme::kSeriesColours] = {"#0072b2", "#d55e00", "#00835f", "#b0508c",
                                                             "#8a6d00", "#2a87b8", "#5c4bb3", "#59606b"};
constexpr const char* kSeriesDark[Theme::kSeriesColours] = {"#56b4e9", "#f28e3c", "#3ecf9f", "#e08bbd",
                                                            "#e6c84a", "#8fd0f5", "#a99bff", "#b6bcc8"};

/// One of our icons: drawn at the size asked for, in the colour its state has.
class SvgIconEngine : public QIconEngine {
  public:
    SvgIconEngine(QByteArray source, QColor normal, QColor checked, QColor disabled)
        : m_source(std::move(source)), m_normal(normal), m_checked(checked), m_disabled(disabled) {}
    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State state) override {
        const QColor colour = mode == QIcon::Disabled ? m_disabled : state == QIcon::On ? m_checked : m_normal;
        QByteArray source = m_source;
        source.replace("currentColor", colour.name().toLatin1());
        QSvgRenderer(source).render(painter, rect);
    }
    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override {
        if (size.isEmpty()) return {};  // of a button that a layout has squeezed to nothing
        QPixmap image(size);
        image.fill(Qt::transparent);
        QPainter painter(&image);
        paint(&painter, QRect(QPoint(0, 0), size), mode, state);
        return image;
    }
    QIconEngine* clone() const override { return new SvgIconEngine(*this); }

  private:
    QByteArray m_source;
    QColor m_normal, m_checked, m_disabled;
};

const char* typeName(Type type) {
    switch (type) {
        case Type::Caption:
            return "caption";
        case Type::Body:
            return "body";
        case Type::BodyStrong:
            return "strong";
        case Type::Subtitle:
            return "subtitle";
        case Type::Title:
            return "title";
        case Type::Display:
            return "display";
        case Type::Mono:
            return "mono";
        case Type::MonoSmall:
            return "monosmall";
    }
    return "body";
}

const char* inkName(Ink ink) {
    switch (ink) {
        case Ink::Muted:
            return "muted";
        case Ink::Faint:
            return "faint";
        case Ink::Accent:
            return "accent";
        case Ink::Good:
            return "good";
        case Ink::Warning:
            return "warning";
        case Ink::Bad:
            return "bad";
        default:
            return "text";
    }
}

int typeSize(Type type) {
    switch (type) {
        case Type::Caption:
        case Type::MonoSmall:
            return 11;
        case Type::Body:
        case Type::BodyStrong:
            return 13;
        case Type::Mono:
            return 12;
        case Type::Subtitle:
            return 15;
        case Type::Title:
            return 20;
        case Type::Display:
            return 28;
    }
    return 13;
}

const QString kPortal = QStringLiteral("org.freedesktop.portal.Desktop");
const QString kPortalPath = QStringLiteral("/org/freedesktop/portal/desktop");
const QString kPortalSettings = QStringLiteral("org.freedesktop.portal.Settings");
const QString kAppearance = QStringLiteral("org.freedesktop.appearance");
const QString kColorScheme = QStringLiteral("color-scheme");

/// The portal wraps its answers in variants, some versions twice.
QVariant unwrapped(QVariant value) {
    while (value.userType() == qMetaTypeId<QDBusVariant>()) value = value.value<QDBusVariant>().variant();
    return value;
}

}  // namespace

Theme::Theme(QObject* parent) : QObject(parent) {
    loadResources();
    if (QStyle* fusion = QStyleFactory::create(QStringLiteral("Fusion"))) QApplication::setStyle(fusion);
    // Without a portal the palette that the platform gave is what the desktop says of itself.
    m_desktopDark = QApplication::palette().color(QPalette::Window).lightness() < 128;
    m_dark = m_desktopDark;
    followDesktop();
}

void Theme::followDesktop() {
    QDBusConnection bus = QDBusConnection::sessionBus();
    if (!bus.isConnected()) return;
    bus.connect(kPortal, kPortalPath, kPortalSettings, QStringLiteral("SettingChanged"), this,
                SLOT(desktopSettingChanged(QString, QString, QDBusVariant)));
    QDBusMessage question =
        QDBusMessage::createMethodCall(kPortal, kPortalPath, kPortalSettings, QStringLiteral("Read"));
    question << kAppearance << kColorScheme;
    auto* watcher = new QDBusPendingCallWatcher(bus.asyncCall(question, 3000), this);
    connect(watcher, &QDBusPendingCallWatcher::finished, this, [this](QDBusPendingCallWatcher* done) {
        const QDBusPendingReply<QDBusVariant> reply = *done;
        if (reply.isValid()) desktopSettingChanged(kAppearance, kColorScheme, reply.value());
        done->deleteLater();
    });
}

void Theme::desktopSettingChanged(const QString& group, const QString& key, const QDBusVariant& value) {
    if (group != kAppearance || key != kColorScheme) return;
    // 1 prefers dark, 2 light, 0 neither.
    m_desktopDark = unwrapped(value.variant()).toUInt() == 1;
    decide();
}

void Theme::decide() {
    const bool dark = m_mode == Mode::Dark || (m_mode == Mode::Desktop && m_desktopDark);
    if (dark == m_dark) return;
    m_dark = dark;
    apply();
}

void Theme::setMode(Mode mode) {
    m_mode = mode;
    decide();
}

void Theme::setZoom(double zoom) {
    zoom = std::clamp(zoom, 0.8, 1.6);
    if (std::abs(zoom - m_zoom) < 1e-3) return;
    m_zoom = zoom;
    apply();
}

int Theme::scaled(int pixels) const {
    return static_cast<int>(std::lround(pixels * m_zoom));
}

QColor Theme::colour(Ink ink) const {
    for (const Colours& entry : kColours)
        if (entry.ink == ink) return QColor(QLatin1String(m_dark ? entry.dark : entry.light));
    return {};
}

QColor Theme::seriesColour(int index) const {
    const int slot = ((index % kSeriesColours) + kSeriesColours) % kSeriesColours;
    return QColor(QLatin1String(m_dark ? kSeriesDark[slot] : kSeriesLight[slot]));
}

QFont Theme::font(Type type) const {
    QFont font;
    if (type == Type::Mono || type == Type::MonoSmall) {
        font.setFamilies(
            {QStringLiteral("JetBrains Mono"), QStringLiteral("DejaVu Sans Mono"), QStringLiteral("monospace")});
        font.setStyleHint(QFont::Monospace);
        font.setFixedPitch(true);
    } else {
        font.setFamilies({QStringLiteral("Inter"), QStringLiteral("Cantarell"), QStringLiteral("Noto Sans"),
                          QStringLiteral("DejaVu Sans"), QStringLiteral("sans-serif")});
    }
    font.setPixelSize(scaled(typeSize(type)));
    if (type == Type::BodyStrong || type == Type::Subtitle || type == Type::Title || type == Type::Display)
        font.setWeight(QFont::DemiBold);
    return font;
}

QIcon Theme::icon(const QString& name, Ink ink) const {
    const QString key = name + QLatin1Char('/') + QString::number(static_cast<int>(ink));
    const auto found = m_icons.constFind(key);
    if (found != m_icons.cend()) return *found;
    QFile file(QStringLiteral(":/icons/%1.svg").arg(name));
    if (!file.open(QIODevice::ReadOnly)) {
        qWarning("there is no icon %s", qUtf8Printable(name));
        return {};
    }
    QIcon icon(new SvgIconEngine(file.readAll(), colour(ink), colour(Ink::Accent), colour(Ink::Faint)));
    m_icons.insert(key, icon);
    return icon;
}

void Theme::setType(QWidget* widget, Type type) {
    widget->setProperty("type", QLatin1String(typeName(type)));
}

void Theme::setInk(QWidget* widget, Ink ink) {
    widget->setProperty("ink", QLatin1String(inkName(ink)));
    // A widget that is shown already takes its new rule only when it is polished again.
    widget->style()->unpolish(widget);
    widget->style()->polish(widget);
}

void Theme::setCard(QWidget* widget) {
    widget->setProperty("card", true);
    widget->setAttribute(Qt::WA_StyledBackground);
}
void Theme::setPrimary(QWidget* button) {
    button->setProperty("primary", true);
}
void Theme::setFlat(QWidget* button) {
    button->setProperty("flat", true);
}
void Theme::setDanger(QWidget* button) {
    button->setProperty("danger", true);
}

void Theme::setPlain(QWidget* list) {
    list->setProperty("plain", true);
    // Item views ask the style while they are made, which keeps the rules it found then.
    list->style()->unpolish(list);
    list->style()->polish(list);
}

void Theme::apply() {
    m_icons.clear();
    QPalette palette;
    const auto set = [&](QPalette::ColorRole role, Ink ink) { palette.setColor(role, colour(ink)); };
    set(QPalette::Window, Ink::Window);
    set(QPalette::WindowText, Ink::Text);
    set(QPalette::Base, Ink::Surface);
    set(QPalette::AlternateBase, Ink::Raised);
    set(QPalette::Text, Ink::Text);
    set(QPalette::PlaceholderText, Ink::Faint);
    set(QPalette::Button, Ink::Raised);
    set(QPalette::ButtonText, Ink::Text);
    set(QPalette::BrightText, Ink::Bad);
    set(QPalette::ToolTipBase, Ink::Raised);
    set(QPalette::ToolTipText, Ink::Text);
    set(QPalette::Highlight, Ink::Accent);
    set(QPalette::HighlightedText, Ink::OnAccent);
    set(QPalette::Link, Ink::Accent);
    set(QPalette::LinkVisited, Ink::Accent);
    set(QPalette::Light, Ink::Surface);
    set(QPalette::Midlight, Ink::Raised);
    set(QPalette::Mid, Ink::Border);
    set(QPalette::Dark, Ink::Border);
    for (const QPalette::ColorRole role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        palette.setColor(QPalette::Disabled, role, colour(Ink::Faint));
    palette.setColor(QPalette::Disabled, QPalette::Highlight, colour(Ink::Border));
    QApplication::setPalette(palette);
    QApplication::setFont(font(Type::Body));
    if (m_dressed) qApp->setStyleSheet(styleSheet());
    emit changed();
}

void Theme::dress() {
    m_dressed = true;
    qApp->setStyleSheet(styleSheet());
}

QString Theme::styleSheet() const {
    QFile file(QStringLiteral(":/studio.qss"));
    if (!file.open(QIODevice::ReadOnly)) return {};
    QString sheet = QString::fromUtf8(file.readAll());
    // @NAME is a colour, @NUMBERpx a size at this zoom. Longer names first: @text must not eat the head of @text-muted.
    const std::pair<const char*, Ink> names[] = {
        {"@accent-soft", Ink::AccentSoft},
        {"@on-accent", Ink::OnAccent},
        {"@window", Ink::Window},
        {"@surface", Ink::Surface},
        {"@raised", Ink::Raised},
        {"@hover", Ink::Hover},
        {"@border", Ink::Border},
        {"@text", Ink::Text},
        {"@muted", Ink::Muted},
        {"@faint", Ink::Faint},
        {"@accent", Ink::Accent},
        {"@good", Ink::Good},
        {"@warning", Ink::Warning},
        {"@bad", Ink::Bad},
    };
    sheet.replace(QStringLiteral("@check-mark"), QString::fromLatin1(m_dark ? "check-dark" : "check-light"));
    for (const auto& [name, ink] : names) sheet.replace(QLatin1String(name), colour(ink).name());
    for (const int size : {48, 40, 36, 32, 28, 24, 20, 18, 16, 15, 14, 13, 12, 11, 10, 8, 6, 5, 4, 3, 2, 1})
        sheet.replace(QStringLiteral("@%1px").arg(size), QStringLiteral("%1px").arg(std::max(1, scaled(size))));
    return sheet;
}

}  // namespace distillix::ui
