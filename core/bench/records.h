// SPDX-License-Identifier: Apache-2.0
// What was measured, kept: a folder with results.jsonl, one record a line, only ever appended to. A session is what one
// call of a benchmark wrote; sessions of other dates, builds and devices can be compared.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/fields.h"
#include "core/bench/report.h"
#include "core/bench/spread.h"

namespace distillix {

/// One measurement with all that it depends on.
struct BenchRecord {
    int format = 1;       ///< of the record; readers refuse a higher one
    std::string session;  ///< "20261125T101500Z-4711": when, and the process
    std::string time;     ///< of the measurement, "2026-11-25T10:15:03Z"
    std::string test;     ///< "forward", "prefill", "decode", "micro-step", "optimizer-step"
    std::string model;    ///< a preset's name, or the model folder's
    std::string weights;  ///< "random" or "trained"
    std::int64_t parameters = 0;
    std::string precision;  ///< "latent", "packed, head int8", "mixed", …
    int batch = 1;          ///< sequences at a time
    int tokens = 0;         ///< of each that a repetition computes
    int past = 0;           ///< tokens in the cache before
    std::string device, processor, level;
    int threads = 0;
    std::string version, commit, compiler;
    int warmup = 0, repetitions = 0;
    double secondsMedian = 0, secondsMin = 0, secondsMax = 0, secondsMean = 0, secondsDeviation = 0;
    double tokensPerSecond = 0;            ///< of the median
    std::int64_t peakBytes = 0;            ///< resident memory at its highest while this was measured; 0: not known
    std::int64_t residentBytes = 0;        ///< of it, what was there before
    std::optional<double> bandwidthShare;  ///< bytes that must be read a second / what the machine reads at most
    std::optional<double> computeShare;    ///< operations a second / the machine's int8 peak

    void setSeconds(const Spread& spread);
    Spread seconds() const;

    template <typename Self, typename Visitor>
    static void forEachField(Self& self, Visitor&& visit) {
        visit(self.format, Field{"format", ""});
        visit(self.session, Field{"session", ""});
        visit(self.time, Field{"time", ""});
        visit(self.test, Field{"test", ""});
        visit(self.model, Field{"model", ""});
        visit(self.weights, Field{"weights", ""});
        visit(self.parameters, Field{"parameters", ""});
        visit(self.precision, Field{"precision", ""});
        visit(self.batch, Field{"batch", ""});
        visit(self.tokens, Field{"tokens", ""});
        visit(self.past, Field{"past", ""});
        visit(self.device, Field{"device", ""});
        visit(self.processor, Field{"processor", ""});
        visit(self.level, Field{"level", ""});
        visit(self.threads, Field{"threads", ""});
        visit(self.version, Field{"version", ""});
        visit(self.commit, Field{"commit", ""});
        visit(self.compiler, Field{"compiler", ""});
        visit(self.warmup, Field{"warmup", ""});
        visit(self.repetitions, Field{"repetitions", ""});
        visit(self.secondsMedian, Field{"seconds_median", ""});
        visit(self.secondsMin, Field{"seconds_min", ""});
        visit(self.secondsMax, Field{"seconds_max", ""});
        visit(self.secondsMean, Field{"seconds_mean", ""});
        visit(self.secondsDeviation, Field{"seconds_deviation", ""});
        visit(self.tokensPerSecond, Field{"tokens_per_second", ""});
        visit(self.peakBytes, Field{"peak_bytes", ""});
        visit(self.residentBytes, Field{"resident_bytes", ""});
        visit(self.bandwidthShare, Field{"bandwidth_share", ""});
        visit(self.computeShare, Field{"compute_share", ""});
    }
};

/// `$XDG_DATA_HOME/distillix/bench`, else `~/.local/share/distillix/bench`; empty where there is no home.
std::filesystem::path defaultResultsFolder();
/// A name for what this process measures from now on.
std::string newBenchSession();
/// The time now as records have it.
std::string benchTime();

/// Appends to the folder's results.jsonl (made where missing), whole or not at all, synced.
Result<void> appendRecords(const std::filesystem::path& folder, const std::vector<BenchRecord>& records);

struct LoadedRecords {
    std::vector<BenchRecord> records;   ///< as they were written
    std::vector<std::string> problems;  ///< lines that are none, by file and line
};
/// Everything in a results folder, or in one file of records. NotFound where there is none.
Result<LoadedRecords> loadRecords(const std::filesystem::path& folderOrFile);

/// The records of one session: `name` is a session's, its beginning where no other begins so, or "last", "last~1", ….
Result<std::vector<BenchRecord>> sessionRecords(const std::vector<BenchRecord>& records, const std::string& name);

/// A session a row: when, what, where.
BenchTable sessionsTable(const std::vector<BenchRecord>& records);
/// A record a row.
BenchTable recordsTable(const std::vector<BenchRecord>& records, const std::string& title);
/// Each measurement that both have beside the other, with the ratio of speeds (over 1: `fresh` is faster) and whether
/// the repetitions lie apart. What only one has is told in the notes. Threads, device and build may differ: where one
/// side measured a case with several numbers of threads, equal ones are set side by side.
BenchTable comparisonTable(const std::vector<BenchRecord>& base, const std::vector<BenchRecord>& fresh);

}  // namespace distillix
