// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/conversation_list.h"

#include <QDir>
#include <QFileInfo>
#include <QHash>
#include <QMutex>
#include <QPointer>
#include <QThreadPool>
#include <algorithm>
#include <filesystem>

#include "core/base/files.h"

namespace distillix::ui {
namespace {

constexpr std::uint64_t kLargestFile = std::uint64_t{256} << 20;
constexpr qsizetype kSearchedLength = 1 << 20;  // characters of a conversation that the search sees
constexpr qsizetype kPreviewLength = 120;

std::filesystem::path pathOf(const QString& name) {
    return name.toStdString();
}

ConversationSummary summaryOf(const ConversationData& data, const QString& file) {
    ConversationSummary summary{data.id, data.title, data.changed, data.title, {}, file, {}};
    for (const Message& message : data.messages) {
        if (summary.searched.size() > kSearchedLength) break;
        summary.searched += QLatin1Char(' ') + message.text;
    }
    summary.searched.truncate(kSearchedLength);
    for (const Message& message : data.messages)
        if (!message.text.isEmpty()) summary.last = message.text.left(kPreviewLength).simplified();
    for (QString* text : {&summary.searched, &summary.last})
        for (QChar& c : *text)
            if (c.isSpace() || c.category() == QChar::Other_Control) c = QLatin1Char(' ');
    return summary;
}

Result<ConversationData> readConversation(const QString& file) {
    const std::string bytes = TRY(readFile(pathOf(file), kLargestFile));
    return ConversationData::parse(QByteArray::fromRawData(bytes.data(), static_cast<qsizetype>(bytes.size())));
}

QList<ConversationSummary> readFolder(const QString& folder) {
    removeStalePartials(pathOf(folder));
    QList<ConversationSummary> all;
    const QFileInfoList files = QDir(folder).entryInfoList({QStringLiteral("*.json")}, QDir::Files);
    for (const QFileInfo& file : files) {
        const auto data = readConversation(file.filePath());
        if (data.ok()) {
            ConversationSummary summary = summaryOf(*data, file.filePath());
            summary.id = file.completeBaseName();
            all.append(summary);
        } else {
            const QString why = QString::fromStdString(data.error().text());
            all.append({file.completeBaseName(),
                        file.fileName(),
                        file.lastModified(),
                        file.fileName(),
                        {},
                        file.filePath(),
                        why});
        }
    }
    return all;
}

bool isNewer(const ConversationSummary& a, const ConversationSummary& b) {
    return a.changed != b.changed ? a.changed > b.changed : a.id > b.id;
}

}  // namespace

/// The thread that reads and writes, and what waits to be written.
struct ConversationList::Disk {
    QThreadPool pool;
    QMutex mutex;
    QHash<QString, ConversationData> waiting;  // guarded by mutex: file -> what is to be in it
    Disk() {
        pool.setMaxThreadCount(1);
        pool.setExpiryTimeout(5000);
    }
};

ConversationList::ConversationList(QObject* parent) : QAbstractListModel(parent), m_disk(std::make_shared<Disk>()) {
    qRegisterMetaType<ConversationData>();
}

ConversationList::~ConversationList() {
    waitForDisk();
}

void ConversationList::waitForDisk() {
    m_disk->pool.waitForDone();
}

void ConversationList::setFolder(const QString& folder) {
    if (folder == m_folder) return;
    m_folder = folder;
    beginResetModel();
    m_all.clear();
    m_shown.clear();
    m_removed.clear();
    endResetModel();
    reload();
}

void ConversationList::reload() {
    if (m_folder.isEmpty()) return;
    const int listing = ++m_listing;
    m_disk->pool.start([this, listing, folder = m_folder] {
        auto all = readFolder(folder);
        // The list waits for this thread before it goes, so `this` is there.
        QMetaObject::invokeMethod(
            this,
            [this, listing, all = std::move(all)]() mutable {
                if (listing != m_listing) return;
                all.removeIf([&](const ConversationSummary& summary) { return m_removed.contains(summary.id); });
                std::sort(all.begin(), all.end(), isNewer);
                beginResetModel();
                m_all = std::move(all);
                show();
                endResetModel();
                emit listed();
            },
            Qt::QueuedConnection);
    });
}

void ConversationList::setQuery(const QString& query) {
    const QStringList words = query.split(QLatin1Char(' '), Qt::SkipEmptyParts);
    if (words == m_words) return;
    beginResetModel();
    m_words = words;
    show();
    endResetModel();
}

void ConversationList::show() {
    m_shown.clear();
    for (qsizetype i = 0; i < m_all.size(); ++i)
        if (isShown(m_all[i])) m_shown.append(i);
}

bool ConversationList::isShown(const ConversationSummary& summary) const {
    return std::all_of(m_words.begin(), m_words.end(),
                       [&](const QString& word) { return summary.searched.contains(word, Qt::CaseInsensitive); });
}

/// Brings a row up to date, and to where it belongs. A row that moves is told as one that moves: who has it selected
/// keeps it.
void ConversationList::put(const ConversationSummary& summary) {
    const auto same = [&](const ConversationSummary& other) { return other.id == summary.id; };
    QList<ConversationSummary> all = m_all;
    const auto old = std::find_if(all.begin(), all.end(), same);
    int from = -1;
    if (old != all.end()) {
        from = static_cast<int>(m_shown.indexOf(old - all.begin()));
        all.erase(old);
    }
    const auto at = std::lower_bound(all.begin(), all.end(), summary, isNewer);
    const qsizetype place = at - all.begin();
    all.insert(place, summary);
    QList<qsizetype> shown;
    for (qsizetype i = 0; i < all.size(); ++i)
        if (isShown(all[i])) shown.append(i);
    const auto to = static_cast<int>(shown.indexOf(place));
    const auto take = [&] {
        m_all = all;
        m_shown = shown;
    };
    if (from >= 0 && to >= 0) {
        const bool moves = from != to && beginMoveRows({}, from, from, {}, to > from ? to + 1 : to);
        take();
        if (moves) endMoveRows();
        emit dataChanged(index(to), index(to));
    } else if (from >= 0) {
        beginRemoveRows({}, from, from);
        take();
        endRemoveRows();
    } else if (to >= 0) {
        beginInsertRows({}, to, to);
        take();
        endInsertRows();
    } else {
        take();
    }
}

void ConversationList::save(const ConversationData& data) {
    if (m_folder.isEmpty() || m_removed.contains(data.id)) return;
    const QString file = m_folder + QLatin1Char('/') + data.id + QStringLiteral(".json");
    const QModelIndex known = indexOf(data.id);
    if (known.isValid() && !known.data(ErrorRole).toString().isEmpty()) return;
    put(summaryOf(data, file));
    {
        const QMutexLocker lock(&m_disk->mutex);
        const bool alreadyWaits = m_disk->waiting.contains(file);
        m_disk->waiting.insert(file, data);
        if (alreadyWaits) return;
    }
    m_disk->pool.start([this, file, disk = m_disk.get(), folder = m_folder] {
        ConversationData newest;
        {
            const QMutexLocker lock(&disk->mutex);
            if (!disk->waiting.contains(file)) return;
            newest = disk->waiting.take(file);
        }
        QDir().mkpath(folder);
        const QByteArray json = newest.toJson();
        const auto written = writeFileAtomic(pathOf(file), {json.constData(), static_cast<std::size_t>(json.size())});
        if (written.ok()) return;
        const QString why = QString::fromStdString(written.error().text());
        QMetaObject::invokeMethod(
            this, [this, id = newest.id, why] { emit saveFailed(id, why); }, Qt::QueuedConnection);
    });
}

void ConversationList::load(const QString& id) {
    const QString file = m_folder + QLatin1Char('/') + id + QStringLiteral(".json");
    m_disk->pool.start([this, id, file] {
        auto data = readConversation(file);
        QMetaObject::invokeMethod(
            this,
            [this, id, data = std::make_shared<Result<ConversationData>>(std::move(data))] {
                if (!data->ok()) {
                    emit loadFailed(id, QString::fromStdString(data->error().text()));
                    return;
                }
                ConversationData found = std::move(**data);
                found.id = id;  // the file's name counts: it may have been copied by hand
                emit loaded(found);
            },
            Qt::QueuedConnection);
    });
}

void ConversationList::remove(const QString& id) {
    const auto same = [&](const ConversationSummary& other) { return other.id == id; };
    const auto old = std::find_if(m_all.cbegin(), m_all.cend(), same);
    if (old == m_all.cend()) return;
    const qsizetype place = old - m_all.cbegin();
    const QString file = old->file;
    const auto row = static_cast<int>(m_shown.indexOf(place));
    m_removed.insert(id);  // before anyone hears of it: who saves it now is too late
    if (row >= 0) beginRemoveRows({}, row, row);
    m_all.remove(place);
    show();
    if (row >= 0) endRemoveRows();
    {
        const QMutexLocker lock(&m_disk->mutex);
        m_disk->waiting.remove(file);
    }
    m_disk->pool.start([file] { QFile::remove(file); });
}

void ConversationList::writeTitle(const QString& id, const QString& title) {
    const QString file = m_folder + QLatin1Char('/') + id + QStringLiteral(".json");
    m_disk->pool.start([this, id, file, title] {
        const auto rename = [&]() -> Result<void> {
            ConversationData data = TRY(readConversation(file));
            data.title = title;
            data.titleChosen = true;
            const QByteArray json = data.toJson();
            return writeFileAtomic(pathOf(file), {json.constData(), static_cast<std::size_t>(json.size())});
        };
        const auto renamedFile = rename();
        if (renamedFile.ok()) return;
        const QString why = QString::fromStdString(renamedFile.error().text());
        QMetaObject::invokeMethod(
            this, [this, id, why] { emit saveFailed(id, why); }, Qt::QueuedConnection);
    });
}

void ConversationList::importFile(const QString& path) {
    m_disk->pool.start([this, path, folder = m_folder] {
        const auto bring = [&]() -> Result<QString> {
            ConversationData data = TRY(readConversation(path));
            const QString id = data.id;
            const auto fileOf = [&] { return folder + QLatin1Char('/') + data.id + QStringLiteral(".json"); };
            // An id is a file's name: one that would lead elsewhere is replaced.
            const bool plain = std::all_of(id.begin(), id.end(), [](QChar c) {
                return c.unicode() < 128 && (c.isLetterOrNumber() || c == QLatin1Char('-'));
            });
            if (!plain || QFileInfo::exists(fileOf())) data.id = ConversationData::fresh().id;
            QDir().mkpath(folder);
            const QByteArray json = data.toJson();
            TRY_VOID(writeFileAtomic(pathOf(fileOf()), {json.constData(), static_cast<std::size_t>(json.size())}));
            return data.id;
        };
        auto brought = std::make_shared<Result<QString>>(bring());
        QMetaObject::invokeMethod(
            this,
            [this, path, brought] {
                if (!brought->ok()) {
                    emit importFailed(path, QString::fromStdString(brought->error().text()));
                    return;
                }
                reload();
                emit imported(**brought);
            },
            Qt::QueuedConnection);
    });
}

int ConversationList::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_shown.size());
}

QString ConversationList::preview(const ConversationSummary& summary) const {
    if (!summary.error.isEmpty()) return tr("Cannot be read: %1").arg(summary.error);
    qsizetype from = summary.title.size();
    if (m_words.isEmpty()) return summary.last;
    const qsizetype found = summary.searched.indexOf(m_words.first(), from, Qt::CaseInsensitive);
    if (found >= 0) from = std::max(from, found - kPreviewLength / 4);
    return summary.searched.mid(from, kPreviewLength).simplified();
}

QVariant ConversationList::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const ConversationSummary& summary = m_all.at(m_shown.at(index.row()));
    switch (role) {
        case Qt::DisplayRole:
        case Qt::EditRole:
        case Qt::AccessibleTextRole:
            return summary.title.isEmpty() ? tr("New conversation") : summary.title;
        case Qt::ToolTipRole:
            return summary.error.isEmpty() ? QVariant(summary.title) : QVariant(preview(summary));
        case IdRole:
            return summary.id;
        case ChangedRole:
            return summary.changed;
        case PreviewRole:
            return preview(summary);
        case ErrorRole:
            return summary.error;
        default:
            return {};
    }
}

bool ConversationList::setData(const QModelIndex& index, const QVariant& value, int role) {
    const QString title = value.toString().simplified();
    if (role != Qt::EditRole || title.isEmpty() || !checkIndex(index, CheckIndexOption::IndexIsValid)) return false;
    ConversationSummary& summary = m_all[m_shown.at(index.row())];
    if (!summary.error.isEmpty()) return false;
    summary.title = title;
    emit dataChanged(index, index);
    emit renamed(summary.id, title);
    return true;
}

Qt::ItemFlags ConversationList::flags(const QModelIndex& index) const {
    Qt::ItemFlags flags = QAbstractListModel::flags(index);
    if (index.isValid() && m_all.at(m_shown.at(index.row())).error.isEmpty()) flags |= Qt::ItemIsEditable;
    return flags;
}

QModelIndex ConversationList::indexOf(const QString& id) const {
    for (qsizetype row = 0; row < m_shown.size(); ++row)
        if (m_all.at(m_shown.at(row)).id == id) return index(static_cast<int>(row));
    return {};
}

}  // namespace distillix::ui
