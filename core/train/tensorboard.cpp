// SPDX-License-Identifier: Apache-2.0
#include "core/train/tensorboard.h"

#include <bit>
#include <cerrno>
#include <cmath>

#include <fcntl.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/files.h"

namespace distillix {
namespace fs = std::filesystem;
namespace {

template <typename T>
void appendLittle(std::string& out, T bits) {
    for (std::size_t i = 0; i < sizeof bits; ++i) out += static_cast<char>(bits >> (8 * i) & 0xff);
}

// Protobuf's wire format: a key is field << 3 | type; 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes.
void appendVarint(std::string& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
    out += static_cast<char>(value);
}
void appendKey(std::string& out, unsigned field, unsigned type) {
    appendVarint(out, field << 3 | type);
}
void appendBytes(std::string& out, unsigned field, std::string_view bytes) {
    appendKey(out, field, 2);
    appendVarint(out, bytes.size());
    out += bytes;
}

std::string eventHead(double wallTime, std::int64_t step) {
    std::string event;
    appendKey(event, 1, 1);
    appendLittle(event, std::bit_cast<std::uint64_t>(wallTime));
    appendKey(event, 2, 0);
    appendVarint(event, static_cast<std::uint64_t>(step));
    return event;
}

std::uint32_t maskedCrc(std::string_view bytes) {
    const std::uint32_t crc = crc32c(std::as_bytes(std::span(bytes.data(), bytes.size())));
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

}  // namespace

std::string tensorBoardScalars(double wallTime, std::int64_t step,
                               const std::vector<std::pair<std::string, double>>& values) {
    std::string summary;
    for (const auto& [tag, number] : values) {
        std::string value;
        appendBytes(value, 1, tag);
        appendKey(value, 2, 5);
        appendLittle(value, std::bit_cast<std::uint32_t>(static_cast<float>(number)));
        appendBytes(summary, 1, value);
    }
    std::string event = eventHead(wallTime, step);
    appendBytes(event, 5, summary);
    return event;
}

std::string tensorBoardRecord(std::string_view data) {
    std::string length;
    appendLittle(length, std::uint64_t{data.size()});
    std::string record = length;
    appendLittle(record, maskedCrc(length));
    record += data;
    appendLittle(record, maskedCrc(data));
    return record;
}

Result<TensorBoardWriter> TensorBoardWriter::create(const fs::path& folder, std::int64_t fromStep) {
    std::error_code failure;
    fs::create_directories(folder, failure);
    if (failure) return errnoError("cannot create", folder, failure.value());
    TensorBoardWriter writer;
    char host[256] = {};
    if (::gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
    // TensorBoard reads a folder's files in the order of their names, which begin with the time; a session that begins
    // within the second of the one before, or behind a clock that was set back, must still come last.
    auto seconds = static_cast<long long>(unixNow());
    for (fs::directory_iterator it(folder, failure), end; it != end && !failure; it.increment(failure)) {
        long long other = 0;
        if (std::sscanf(it->path().filename().c_str(), "events.out.tfevents.%lld.", &other) == 1 && other >= seconds)
            seconds = other + 1;
    }
    char name[400];
    std::snprintf(name, sizeof name, "events.out.tfevents.%010lld.%s.%d.0", seconds, host, ::getpid());
    writer.m_path = folder / name;
    do writer.m_fd = ::open(writer.m_path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    while (writer.m_fd < 0 && errno == EINTR);
    if (writer.m_fd < 0) return errnoError("cannot create", writer.m_path, errno);
    std::string version = eventHead(unixNow(), 0), start = eventHead(unixNow(), fromStep + 1);
    appendBytes(version, 3, "brain.Event:2");
    appendBytes(start, 7, std::string("\x08\x01", 2));  // SessionLog{status: START}
    auto begun = writer.append(tensorBoardRecord(version) + tensorBoardRecord(start));
    if (!begun.ok()) {
        ::unlink(writer.m_path.c_str());
        return begun.takeError();
    }
    return writer;
}

TensorBoardWriter::TensorBoardWriter(TensorBoardWriter&& other) noexcept {
    *this = std::move(other);
}
TensorBoardWriter& TensorBoardWriter::operator=(TensorBoardWriter&& other) noexcept {
    std::swap(m_fd, other.m_fd);
    std::swap(m_path, other.m_path);
    return *this;
}
TensorBoardWriter::~TensorBoardWriter() {
    if (m_fd >= 0) ::close(m_fd);
}

Result<void> TensorBoardWriter::append(const std::string& record) {
    const off_t before = ::lseek(m_fd, 0, SEEK_END);
    auto written = detail::writeAll(m_fd, std::as_bytes(std::span(record.data(), record.size())), m_path);
    if (!written.ok() && before >= 0 && ::ftruncate(m_fd, before) != 0)
        return written.takeError().at("half a record is left behind");
    return written;
}

Result<void> TensorBoardWriter::scalars(std::int64_t step, const std::vector<std::pair<std::string, double>>& values) {
    std::vector<std::pair<std::string, double>> finite;
    for (const auto& value : values)
        if (std::isfinite(value.second)) finite.push_back(value);
    if (finite.empty()) return {};
    return append(tensorBoardRecord(tensorBoardScalars(unixNow(), step, finite)));
}

}  // namespace distillix
