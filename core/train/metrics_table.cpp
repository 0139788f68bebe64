// SPDX-License-Identifier: Apache-2.0
#include "core/train/metrics_table.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>

#include <fcntl.h>
#include <simdjson.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/files.h"
#include "core/train/run_folder.h"

namespace distillix {
namespace {

namespace fs = std::filesystem;
namespace ondemand = simdjson::ondemand;

constexpr std::size_t kMetricsPiece = std::size_t{4} << 20;
constexpr std::size_t kLongestMetricsLine = std::size_t{16} << 20;
constexpr double kNotThere = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kMostColumns = 256;  // a file of ever new keys must not fill the memory

}  // namespace

struct MetricsTable::State {
    fs::path path;
    std::uint64_t offset = 0;
    std::int64_t broken = 0;
    std::vector<std::string> names{"step"};
    std::vector<std::vector<double>> columns{{}};
    std::size_t kept = 0;    ///< within one poll()
    std::vector<char> text;  ///< what was read and not yet taken, with simdjson's padding behind it
    std::size_t length = 0;
    ondemand::parser parser;

    std::size_t rows() const { return columns[0].size(); }

    void cutTo(std::size_t count) {
        for (auto& column : columns) column.resize(count);
        kept = std::min(kept, count);
    }

    /// `guess` is where the key stood in the line before: nearly always right.
    std::size_t columnOf(std::string_view key, std::size_t guess) {
        if (guess < names.size() && names[guess] == key) return guess;
        const auto found = std::find(names.begin(), names.end(), key);
        if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
        if (names.size() >= kMostColumns) return names.size();
        names.emplace_back(key);
        columns.emplace_back(rows(), kNotThere);
        return names.size() - 1;
    }

    /// The line's values into `row` (NaN elsewhere). False where it is no metrics.
    bool read(std::string_view line, std::vector<double>& row, bool& marker, double& fromStep) {
        marker = false;
        fromStep = kNotThere;
        row.assign(columns.size(), kNotThere);
        ondemand::document document;
        if (parser.iterate(line.data(), line.size(), line.size() + simdjson::SIMDJSON_PADDING).get(document))
            return false;
        ondemand::object object;
        if (document.get_object().get(object)) return false;
        std::size_t guess = 0;
        for (auto field : object) {
            std::string_view key;
            if (field.unescaped_key().get(key)) return false;
            ondemand::value value;
            if (field.value().get(value)) return false;
            ondemand::json_type type;
            if (value.type().get(type)) return false;
            double number = kNotThere;
            if (type == ondemand::json_type::number) {
                if (value.get_double().get(number)) return false;
            } else if (type == ondemand::json_type::boolean) {
                bool truth = false;
                if (value.get_bool().get(truth)) return false;
                number = truth ? 1 : 0;
            } else if (type == ondemand::json_type::string) {
                std::string_view words;
                if (value.get_string().get(words)) return false;
                if (key == "type" && words == "resumed") marker = true;
                continue;
            } else if (type != ondemand::json_type::null) {
                continue;  // an object or a list: nothing to draw
            }
            if (key == "fromStep") {
                fromStep = number;
                continue;
            }
            const std::size_t index = columnOf(key, guess);
            if (index >= names.size()) continue;
            if (index >= row.size()) row.resize(index + 1, kNotThere);
            row[index] = number;
            guess = index + 1;
        }
        const char* rest = nullptr;
        return document.current_location().get(rest) == simdjson::OUT_OF_BOUNDS;  // nothing stands behind it
    }

    void take(std::string_view line, std::vector<double>& row) {
        bool marker = false;
        double fromStep = kNotThere;
        if (!read(line, row, marker, fromStep)) {
            ++broken;
            return;
        }
        if (marker) {
            if (!std::isfinite(fromStep)) {
                ++broken;
                return;
            }
            const auto& steps = columns[0];
            cutTo(static_cast<std::size_t>(std::upper_bound(steps.begin(), steps.end(), fromStep) - steps.begin()));
            return;
        }
        const double step = row[0];
        if (!std::isfinite(step) || step != std::floor(step) || (rows() > 0 && step <= columns[0].back())) {
            ++broken;
            return;
        }
        row.resize(columns.size(), kNotThere);
        for (std::size_t i = 0; i < columns.size(); ++i) columns[i].push_back(row[i]);
    }
};

MetricsTable::MetricsTable(const fs::path& run) : m_state(std::make_unique<State>()) {
    m_state->path = runLogPath(run, RunLog::Metrics);
}
MetricsTable::~MetricsTable() = default;
MetricsTable::MetricsTable(MetricsTable&&) noexcept = default;
MetricsTable& MetricsTable::operator=(MetricsTable&&) noexcept = default;

std::size_t MetricsTable::rows() const {
    return m_state->rows();
}
const std::vector<std::string>& MetricsTable::names() const {
    return m_state->names;
}
const std::vector<double>& MetricsTable::column(std::size_t index) const {
    return m_state->columns[index];
}
std::int64_t MetricsTable::brokenLines() const {
    return m_state->broken;
}

const std::vector<double>* MetricsTable::column(std::string_view name) const {
    const auto& names = m_state->names;
    const auto found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? nullptr : &m_state->columns[static_cast<std::size_t>(found - names.begin())];
}

Result<MetricsTable::Change> MetricsTable::poll(std::size_t atMostBytes) {
    State& s = *m_state;
    s.kept = s.rows();
    const int fd = ::open(s.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        if (errno == ENOENT) return Change{s.kept, s.rows(), true};
        return errnoError("cannot open", s.path, errno);
    }
    struct Closer {
        int fd;
        ~Closer() { ::close(fd); }
    } closer{fd};
    struct stat facts {};
    if (::fstat(fd, &facts) != 0) return errnoError("cannot examine", s.path, errno);
    if (!S_ISREG(facts.st_mode)) return makeError(ErrorCode::InvalidData, "is no regular file", s.path.string());
    const auto size = static_cast<std::uint64_t>(facts.st_size);
    if (size < s.offset) {
        s.offset = 0;
        s.length = 0;
        s.cutTo(0);
    }
    std::vector<double> row;
    // `offset` is where the text that is not yet taken begins, `length` how much of it is in memory. What is in memory
    // is read again in the next call: the trainer may cut a torn line off and write another in its place.
    s.length = 0;
    std::size_t taken = 0;
    while (s.offset + s.length < size && taken < atMostBytes) {
        const std::size_t wanted =
            static_cast<std::size_t>(std::min<std::uint64_t>(kMetricsPiece, size - s.offset - s.length));
        if (s.text.size() < s.length + wanted + simdjson::SIMDJSON_PADDING)
            s.text.resize(s.length + wanted + simdjson::SIMDJSON_PADDING);
        ssize_t got = 0;
        do got = ::pread(fd, s.text.data() + s.length, wanted, static_cast<off_t>(s.offset + s.length));
        while (got < 0 && errno == EINTR);
        if (got < 0) return errnoError("cannot read", s.path, errno);
        if (got == 0) break;
        s.length += static_cast<std::size_t>(got);
        std::size_t at = 0;
        while (at < s.length) {
            const void* end = std::memchr(s.text.data() + at, '\n', s.length - at);
            if (!end) break;
            const std::size_t stop = static_cast<std::size_t>(static_cast<const char*>(end) - s.text.data());
            if (stop > at) s.take({s.text.data() + at, stop - at}, row);
            at = stop + 1;
        }
        taken += at;
        s.offset += at;
        s.length -= at;
        std::memmove(s.text.data(), s.text.data() + at, s.length);
        if (s.length > kLongestMetricsLine)
            return makeError(ErrorCode::InvalidData,
                             "has a line of more than " + std::to_string(kLongestMetricsLine) + " bytes",
                             s.path.string() + ": byte " + std::to_string(s.offset));
    }
    const bool atEnd = s.offset + s.length >= size;
    return Change{s.kept, s.rows(), atEnd};
}

}  // namespace distillix
