// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/run_follower.h"

#include <QFileInfo>
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/clock.h"
#include "core/train/metrics_table.h"
#include "ui/jobs/background.h"

namespace distillix::ui {
namespace {

using Json = nlohmann::ordered_json;
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr int kSeldomMs = 3000;             ///< between looks at a run that has ended
constexpr int kSummaryEvery = 2;            ///< polls of the metrics for one of the state
constexpr std::size_t kMostSamples = 2000;  ///< kept of a long run, the newest

QString textOf(const Json& line, const char* key) {
    const auto found = line.find(key);
    return found != line.end() && found->is_string() ? QString::fromStdString(found->get<std::string>()) : QString();
}

std::int64_t stepOf(const Json& line) {
    const auto found = line.find("step");
    return found != line.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

double numberOf(const Json& line, const char* key) {
    const auto found = line.find(key);
    return found != line.end() && found->is_number() ? found->get<double>() : kMissing;
}

/// Reads a tail to its end into `lines`, dropping what became void. True where something changed.
template <typename Line, typename Make>
Result<bool> followLines(RunTail& tail, std::vector<Line>& lines, const Make& make) {
    bool changed = false;
    while (true) {
        const auto updates = TRY(tail.poll());
        if (updates.empty()) return changed;
        for (const auto& update : updates) {
            changed = true;
            if (update.resumedFrom) {
                std::erase_if(lines, [&](const Line& line) { return line.step > *update.resumedFrom; });
                if (update.line.empty()) continue;
            }
            make(update.line);
        }
    }
}

}  // namespace

struct RunFollower::Reader {
    explicit Reader(const std::filesystem::path& folder)
        : path(folder), table(folder), eventTail(folder, RunLog::Events), sampleTail(folder, RunLog::Samples) {}
    std::filesystem::path path;
    MetricsTable table;
    RunTail eventTail, sampleTail;
    std::vector<RunEvent> events;
    std::vector<RunSample> samples;
    int polls = 0;
};

struct RunFollower::Delta {
    QString problem;
    std::optional<RunSummary> summary;
    std::size_t kept = 0, rows = 0;
    bool metricsChanged = false;
    std::vector<std::string> names;
    std::vector<std::vector<double>> fresh;  ///< rows from `kept` on, a vector a name
    std::optional<std::vector<RunEvent>> events;
    std::optional<std::vector<RunSample>> samples;
};

RunFollower::RunFollower(const QString& path, QObject* parent)
    : QObject(parent),
      m_path(path),
      m_reader(std::make_shared<Reader>(std::filesystem::path(path.toStdString()))),
      m_metrics(std::make_shared<ChartColumns>()),
      m_validations(std::make_shared<ChartColumns>()) {
    m_lastBeat = steadyNow();
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &RunFollower::poll);
    m_timer.start(0);
}

RunFollower::~RunFollower() = default;

QString RunFollower::name() const {
    return m_summary.info.name.empty() ? QFileInfo(m_path).fileName() : QString::fromStdString(m_summary.info.name);
}

bool RunFollower::lives() const {
    return m_summary.state == RunState::Running || m_summary.state == RunState::Paused;
}

double RunFollower::silentSeconds() const {
    return lives() ? steadyNow() - m_lastBeat : 0;
}

void RunFollower::setInterval(int milliseconds) {
    m_intervalMs = milliseconds;
    if (!m_reading) m_timer.start(milliseconds);
}

void RunFollower::poll() {
    if (m_reading) {
        m_again = true;
        return;
    }
    m_reading = true;
    m_timer.stop();
    background::run(
        [reader = m_reader] {
            Delta delta;
            const std::size_t before = reader->table.rows();
            std::size_t kept = before;
            while (true) {
                const auto change = reader->table.poll();
                if (!change.ok()) {
                    delta.problem = QString::fromStdString(change.error().text());
                    break;
                }
                kept = std::min(kept, change->kept);
                if (change->atEnd) break;
            }
            delta.kept = kept;
            delta.rows = reader->table.rows();
            delta.metricsChanged = kept != before || delta.rows != before;
            if (delta.metricsChanged) {
                delta.names = reader->table.names();
                for (std::size_t i = 0; i < delta.names.size(); ++i) {
                    const auto& column = reader->table.column(i);
                    delta.fresh.emplace_back(column.begin() + static_cast<std::ptrdiff_t>(kept), column.end());
                }
            }
            const auto events = followLines(reader->eventTail, reader->events, [&](const Json& line) {
                RunEvent event;
                event.step = stepOf(line);
                event.type = textOf(line, "type");
                event.time = textOf(line, "time");
                event.message = textOf(line, "message");
                event.line = line;
                reader->events.push_back(std::move(event));
            });
            if (events.ok() && *events) delta.events = reader->events;
            if (!events.ok()) delta.problem = QString::fromStdString(events.error().text());
            const auto samples = followLines(reader->sampleTail, reader->samples, [&](const Json& line) {
                if (line.contains("fromStep")) return;
                reader->samples.push_back(
                    {stepOf(line), textOf(line, "time"), textOf(line, "prompt"), textOf(line, "text")});
            });
            if (samples.ok() && *samples) {
                if (reader->samples.size() > kMostSamples)
                    reader->samples.erase(reader->samples.begin(),
                                          reader->samples.end() - static_cast<std::ptrdiff_t>(kMostSamples));
                delta.samples = reader->samples;
            }
            if (reader->polls++ % kSummaryEvery == 0 || delta.events) {
                auto summary = readRun(reader->path);
                if (summary.ok())
                    delta.summary = std::move(summary).value();
                else
                    delta.problem = QString::fromStdString(summary.error().text());
            }
            return delta;
        },
        this, [this](Delta delta) { apply(delta); });
}

void RunFollower::apply(Delta& delta) {
    m_reading = false;
    if (delta.metricsChanged) {
        auto& columns = m_metrics->columns;
        for (std::size_t i = 0; i < delta.names.size(); ++i) {
            auto& column = columns[delta.names[i]];
            // Moved where everything is new: a run of a million steps is opened without a copy here.
            if (delta.kept == 0) {
                column = std::move(delta.fresh[i]);
                continue;
            }
            column.resize(delta.kept, kMissing);
            column.insert(column.end(), delta.fresh[i].begin(), delta.fresh[i].end());
        }
    }
    if (delta.summary) {
        m_summary = std::move(*delta.summary);
        const auto count = m_summary.heartbeat ? m_summary.heartbeat->count : 0;
        if (count != m_beatCount) {
            m_beatCount = count;
            m_lastBeat = steadyNow();
        }
    }
    const bool problemChanged_ = delta.problem != m_problem;
    m_problem = delta.problem;
    const bool first = !m_loaded;
    m_loaded = true;
    if (delta.events) {
        m_events = std::move(*delta.events);
        rebuildValidations();
    } else if (delta.metricsChanged && delta.kept < m_metrics->rows()) {
        // An event may have been read before the metrics of its step.
        const auto* x = m_validations->find("tokens");
        if (x && !x->empty() && !std::isfinite(x->back())) rebuildValidations();
    }
    if (delta.samples) m_samples = std::move(*delta.samples);
    if (first) emit loaded();
    if (delta.metricsChanged) emit metricsChanged(delta.kept);
    if (delta.summary) emit summaryChanged();
    if (delta.events) emit eventsChanged();
    if (delta.samples) emit samplesChanged();
    if (problemChanged_) emit problemChanged();
    const bool ended = m_summary.state == RunState::Finished || m_summary.state == RunState::Stopped ||
                       m_summary.state == RunState::Failed || m_summary.state == RunState::Crashed;
    m_timer.start(m_again ? 0 : ended ? std::max(m_intervalMs, kSeldomMs) : m_intervalMs);
    m_again = false;
}

double RunFollower::xAt(std::int64_t step, const char* column) const {
    if (std::string_view(column) == "step") return static_cast<double>(step);
    const auto* steps = m_metrics->find("step");
    const auto* values = m_metrics->find(column);
    if (!steps || !values || steps->empty() || steps->size() != values->size()) return step == 0 ? 0 : kMissing;
    const auto wanted = static_cast<double>(step);
    if (wanted > steps->back() + 1) return kMissing;  // its metrics have not been read yet
    const auto row = static_cast<std::size_t>(std::lower_bound(steps->begin(), steps->end(), wanted) - steps->begin());
    if (row == steps->size()) return values->back();
    if ((*steps)[row] == wanted) return (*values)[row];
    const double stepBefore = row ? (*steps)[row - 1] : 0, before = row ? (*values)[row - 1] : 0;
    return before + ((*values)[row] - before) * (wanted - stepBefore) / ((*steps)[row] - stepBefore);
}

void RunFollower::rebuildValidations() {
    auto fresh = std::make_shared<ChartColumns>();
    auto& columns = fresh->columns;
    for (const char* name : {"step", "tokens", "elapsed", "loss", "bitsPerByte"}) columns[name];
    double last = -1;
    for (const RunEvent& event : m_events) {
        if (event.type != QLatin1String("validation") || static_cast<double>(event.step) <= last) continue;
        last = static_cast<double>(event.step);
        columns["step"].push_back(last);
        for (const char* name : {"tokens", "elapsed"}) columns[name].push_back(xAt(event.step, name));
        for (const char* name : {"loss", "bitsPerByte"}) columns[name].push_back(numberOf(event.line, name));
    }
    // The charts hold on to the same object.
    m_validations->columns = std::move(fresh->columns);
}

std::int64_t RunFollower::totalSteps() const {
    double steps = numberOf(m_summary.info.training, "steps");
    for (const RunEvent& event : m_events)
        if (event.type == QLatin1String("set") && event.line.contains("values") && event.line["values"].is_object() &&
            event.line["values"].contains("steps"))
            steps = numberOf(event.line["values"], "steps");
    return std::isfinite(steps) ? static_cast<std::int64_t>(steps) : 0;
}

double RunFollower::totalMinutes() const {
    double minutes = numberOf(m_summary.info.training, "minutes");
    for (const RunEvent& event : m_events)
        if (event.type == QLatin1String("set") && event.line.contains("values") && event.line["values"].is_object() &&
            event.line["values"].contains("minutes"))
            minutes = numberOf(event.line["values"], "minutes");
    return std::isfinite(minutes) ? minutes : 0;
}

double RunFollower::secondsLeft() const {
    const auto* steps = m_metrics->find("step");
    const auto* elapsed = m_metrics->find("elapsed");
    if (!steps || !elapsed || steps->size() < 2 || elapsed->size() != steps->size()) return -1;
    double left = std::numeric_limits<double>::infinity();
    if (const double minutes = totalMinutes(); minutes > 0) left = std::max(0.0, minutes * 60 - elapsed->back());
    if (const auto total = totalSteps(); total > 0) {
        // Over the last fiftieth of the run, but at least ten steps: validations and checkpoints are in `elapsed`.
        const std::size_t back = std::max<std::size_t>(10, steps->size() / 50);
        const std::size_t from = steps->size() > back ? steps->size() - 1 - back : 0;
        const double done = steps->back() - (*steps)[from], took = elapsed->back() - (*elapsed)[from];
        if (done > 0 && took > 0)
            left = std::min(left, std::max(0.0, (static_cast<double>(total) - steps->back()) * took / done));
    }
    return std::isfinite(left) ? left : -1;
}

QString runStateText(RunState state) {
    switch (state) {
        case RunState::Running:
            return RunFollower::tr("Running");
        case RunState::Paused:
            return RunFollower::tr("Paused");
        case RunState::Finished:
            return RunFollower::tr("Finished");
        case RunState::Stopped:
            return RunFollower::tr("Stopped");
        case RunState::Failed:
            return RunFollower::tr("Failed");
        case RunState::Crashed:
            return RunFollower::tr("Crashed");
        case RunState::Unknown:
            return RunFollower::tr("Silent");
    }
    return {};
}

bool ranOutOfMemory(const RunSummary& run) {
    if (run.state != RunState::Crashed && run.state != RunState::Failed) return false;
    // crashText() and the errors of core say it in these words; "the out-of-memory killer is not known to …" is none.
    const QString text = QString::fromStdString(run.message);
    return text.contains(QLatin1String("out of memory"), Qt::CaseInsensitive) ||
           text.contains(QLatin1String("out_of_memory")) || text.contains(QLatin1String("this training needs")) ||
           text.contains(QLatin1String("no memory for"), Qt::CaseInsensitive) ||
           text.contains(QLatin1String("not enough memory"), Qt::CaseInsensitive);
}

QString runAdvice(const RunSummary& run) {
    if (run.state == RunState::Unknown)
        return RunFollower::tr(
            "Its trainer is on another machine and has said nothing for a while. Look there, or resume "
            "it here and take it over.");
    if (run.state != RunState::Crashed && run.state != RunState::Failed) return {};
    const QString kept =
        run.checkpoints.empty()
            ? RunFollower::tr("There is no checkpoint yet, so resuming begins again at step 0.")
            : RunFollower::tr("Resume goes on from the checkpoint of step %1.").arg(run.checkpoints.back().step);
    const QString message = QString::fromStdString(run.message);
    if (ranOutOfMemory(run))
        return RunFollower::tr(
                   "It ran out of memory. Halve the batch and double the accumulation (the result is the "
                   "same), switch recompute on, shorten the sequences, or close other programs.") +
               " " + kept;
    if (message.contains(QLatin1String("disk"), Qt::CaseInsensitive) &&
        message.contains(QLatin1String("full"), Qt::CaseInsensitive))
        return RunFollower::tr("Make room on the disk first; fewer kept checkpoints need less.") + " " + kept;
    if (message.contains(QLatin1String("finite"), Qt::CaseInsensitive))
        return RunFollower::tr(
                   "The training diverged. A lower learning rate, a longer warm-up or skipping outliers "
                   "(skip_gradient_z 8) keeps it together.") +
               " " + kept;
    return kept;
}

}  // namespace distillix::ui
