// SPDX-License-Identifier: GPL-3.0-or-later
// The conversations in a project's folder, newest first, searched by title and content. Reading and writing are done
// by a thread of the model's own, one file after the other.
#pragma once

#include <QAbstractListModel>
#include <QSet>
#include <memory>

#include "ui/models/conversation.h"

namespace distillix::ui {

/// What the list shows of a conversation.
struct ConversationSummary {
    QString id, title;
    QDateTime changed;
    QString searched;  ///< title and texts, without line breaks
    QString last;      ///< the beginning of what was said last
    QString file;
    QString error;  ///< why the file cannot be read; it is listed all the same, and never written to
};

class ConversationList : public QAbstractListModel {
    Q_OBJECT
  public:
    enum ItemRole { IdRole = Qt::UserRole + 1, ChangedRole, PreviewRole, ErrorRole };

    explicit ConversationList(QObject* parent = nullptr);
    ~ConversationList() override;  // waits until what was saved is on the disk

    /// Lists that folder from now on; it is made when the first conversation is saved.
    void setFolder(const QString& folder);
    QString folder() const { return m_folder; }
    /// Looks at the folder anew; listed() says when it is done.
    void reload();
    /// Words that all must be found; empty: everything.
    void setQuery(const QString& query);

    /// Writes it on the list's thread: of several savings before that gets there only the last is written.
    void save(const ConversationData& data);
    /// Reads one; loaded() or loadFailed() follows.
    void load(const QString& id);
    void remove(const QString& id);
    /// Gives one that is not open another title, in its file.
    void writeTitle(const QString& id, const QString& title);
    /// Copies a file that was exported before into the folder, under a new id if it is there already.
    void importFile(const QString& path);
    /// Until everything asked for is done. For closing, and tests.
    void waitForDisk();

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    /// Renames, by the list's editor. The conversation that is open is renamed by whoever holds it: see renamed().
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;
    QModelIndex indexOf(const QString& id) const;

  signals:
    void listed();
    void loaded(const distillix::ui::ConversationData& data);
    void loadFailed(const QString& id, const QString& why);
    void saveFailed(const QString& id, const QString& why);
    void imported(const QString& id);
    void importFailed(const QString& path, const QString& why);
    void renamed(const QString& id, const QString& title);

  private:
    struct Disk;
    void show();
    bool isShown(const ConversationSummary& summary) const;
    void put(const ConversationSummary& summary);
    QString preview(const ConversationSummary& summary) const;

    QString m_folder;
    QStringList m_words;
    QList<ConversationSummary> m_all;  // newest first
    QList<qsizetype> m_shown;          // places in m_all
    QSet<QString> m_removed;           // so that a late reading does not bring them back
    int m_listing = 0;
    std::shared_ptr<Disk> m_disk;
};

}  // namespace distillix::ui
