// SPDX-License-Identifier: Apache-2.0
#include "core/bench/published.h"

#include <algorithm>
#include <cmath>

#include "core/jobs/reporter.h"

namespace distillix {
namespace {

constexpr int kLossWindow = 10;  // optimizer steps that a loss on a curve is the mean of: single ones jump

std::string theirs(const std::string& figure) {
    return figure + ", published";
}
std::string ours(const std::string& figure) {
    return figure + ", here";
}

/// Mean loss of the optimizer steps around the one that ends `microSteps`; nothing where the run does not get so far.
BenchCell lossAt(const OwnFigures::Run& run, int microSteps) {
    const std::int64_t step = microSteps / std::max(run.accumulation, 1);
    if (step < 1 || run.losses.empty() || run.losses.back().first < step) return {};
    double sum = 0;
    int count = 0;
    for (const auto& [at, loss] : run.losses) {
        if (at > step || at <= step - kLossWindow) continue;
        sum += loss;
        ++count;
    }
    return count > 0 ? BenchCell(sum / count, 2) : BenchCell();
}

std::string runText(const OwnFigures::Run& run) {
    return run.name + ": " + run.model + ", " + groupedText(static_cast<std::int64_t>(std::llround(run.parameters))) +
           " parameters, " + groupedText(run.samples) + " samples, " + std::to_string(run.batch) + " x " +
           std::to_string(run.accumulation) + " sequences of " + std::to_string(run.tokens) + " tokens a step, " +
           groupedText(run.losses.empty() ? 0 : run.losses.back().first) + " optimizer steps";
}

template <std::size_t N>
BenchTable curveTable(const std::string& version, const std::array<published::CurvePoint, N>& points,
                      const std::optional<OwnFigures::Run>& run) {
    BenchTable table{"curve-" + version,
                     "Training loss, " + version,
                     {{"micro_step", "micro-step"},
                      {"theirs_loss", theirs("loss")},
                      {"ours_loss", ours("loss")},
                      {"ratio", "ratio"}},
                     {},
                     {}};
    for (const auto& point : points) {
        const BenchCell their(point.loss, 2), own = run ? lossAt(*run, point.step) : BenchCell();
        table.rows.push_back({static_cast<double>(point.step), their, own, ratioCell(own, their)});
    }
    table.notes.push_back(
        "The two are not the same measurement: their steps are micro-steps (theirs and ours are counted so here), "
        "their "
        "data another and their padding was trained on, which is easy to learn and pulls a loss down.");
    if (run) {
        table.notes.push_back((run->scaled ? "Here, a scaled run, smaller than the published one so that this machine "
                                             "can do it, "
                                           : "Here, ") +
                              runText(*run) + ". A loss is the mean of the last " + std::to_string(kLossWindow) +
                              " optimizer steps.");
    }
    return table;
}

}  // namespace

double trainingHours(const OwnFigures::Training& t, int microSteps) {
    return (microSteps * t.microStepSeconds +
            std::ceil(static_cast<double>(microSteps) / std::max(t.accumulation, 1)) * t.optimizerStepSeconds) /
           3600;
}

std::vector<BenchTable> publishedTables(const OwnFigures& own) {
    std::vector<BenchTable> tables;
    const auto optional = [](const std::optional<double>& value, int decimals) {
        return value ? BenchCell(*value, decimals) : BenchCell();
    };
    const std::string machines = std::string("Published: ") + published::kSource + "; measured on " +
                                 published::kMachine + ". Here: " + own.machine + "; " + own.build + "; model " +
                                 own.model + ". Ratios are here / published.";
    {
        BenchTable table{"inference",
                         "Inference by sequence length (one sequence, logits of all positions)",
                         {{"tokens", "tokens"},
                          {"theirs_milliseconds", theirs("ms")},
                          {"ours_milliseconds", ours("ms")},
                          {"ours_milliseconds_spread", "± ms"},
                          {"theirs_tokens_per_second", theirs("tokens/s")},
                          {"ours_tokens_per_second", ours("tokens/s")},
                          {"ratio", "ratio"},
                          {"theirs_megabytes", theirs("peak MB")},
                          {"ours_megabytes", ours("peak MB")},
                          {"megabytes_ratio", "ratio"}},
                         {},
                         {machines}};
        for (const auto& their : published::kInference) {
            const auto found = std::find_if(own.inference.begin(), own.inference.end(),
                                            [&](const auto& row) { return row.tokens == their.tokens; });
            const bool there = found != own.inference.end();
            const BenchCell theirSpeed(their.tokensPerSecond), theirMemory(their.megabytes),
                ourSpeed = there ? BenchCell(found->tokensPerSecond) : BenchCell(),
                ourMemory = there && found->megabytes > 0 ? BenchCell(found->megabytes) : BenchCell();
            table.rows.push_back({static_cast<double>(their.tokens), BenchCell(their.milliseconds),
                                  there ? BenchCell(found->milliseconds, 1) : BenchCell(),
                                  there ? BenchCell(found->spreadMilliseconds / 2, 1) : BenchCell(), theirSpeed,
                                  ourSpeed, ratioCell(ourSpeed, theirSpeed), theirMemory, ourMemory,
                                  ratioCell(ourMemory, theirMemory)});
        }
        tables.push_back(std::move(table));
    }
    {
        BenchTable table{"summary",
                         "Summary",
                         {{"figure", "figure"}, {"theirs", "published"}, {"ours", "here"}, {"ratio", "ratio"}},
                         {},
                         {}};
        const auto add = [&](const std::string& figure, const BenchCell& their, const BenchCell& mine) {
            table.rows.push_back({figure, their, mine, ratioCell(mine, their)});
        };
        const auto& s = published::kSummary;
        const auto longest =
            std::find_if(own.inference.begin(), own.inference.end(), [](const auto& row) { return row.tokens == 512; });
        const bool there = longest != own.inference.end();
        add("parameters, millions", BenchCell(s.parameters / 1e6, 1),
            own.parameters > 0 ? BenchCell(own.parameters / 1e6, 1) : BenchCell());
        add("perplexity", BenchCell(s.perplexity), optional(own.perplexity, 2));
        add("tokens/s at 512", BenchCell(s.tokensPerSecond512),
            there ? BenchCell(longest->tokensPerSecond) : BenchCell());
        add("generation, tokens/s", BenchCell(s.generationTokensPerSecond, 1),
            optional(own.generationTokensPerSecond, 1));
        add("peak memory, MB", BenchCell(s.peakMegabytes),
            there && longest->megabytes > 0 ? BenchCell(longest->megabytes) : BenchCell());
        table.notes.push_back("Their perplexity is that of a model trained on " + std::to_string(s.samples) +
                              " samples, on data of its own; their generation has no key/value cache.");
        if (own.perplexity) table.notes.push_back("The perplexity here is over " + own.perplexityOf + ".");
        tables.push_back(std::move(table));
    }
    {
        BenchTable table{"versions",
                         "Versions",
                         {{"version", "version"},
                          {"theirs_samples", theirs("samples")},
                          {"ours_samples", ours("samples")},
                          {"theirs_micro_steps", theirs("micro-steps")},
                          {"ours_micro_steps", ours("micro-steps")},
                          {"theirs_tokens", theirs("tokens a sequence")},
                          {"ours_tokens", ours("tokens a sequence")},
                          {"theirs_loss", theirs("last loss")},
                          {"ours_loss", ours("last loss")},
                          {"ratio", "loss, ratio"}},
                         {},
                         {}};
        for (std::size_t i = 0; i < published::kVersions.size(); ++i) {
            const auto& their = published::kVersions[i];
            const auto& run = i == 0 ? own.v03 : own.v04;
            const BenchCell theirLoss = their.loss > 0 ? BenchCell(their.loss, 2) : BenchCell("not published");
            BenchCell samples, steps, tokens, loss;
            if (run) {
                const std::int64_t last = run->losses.empty() ? 0 : run->losses.back().first;
                samples = static_cast<double>(run->samples);
                steps = static_cast<double>(last * run->accumulation);
                tokens = static_cast<double>(run->tokens);
                loss = lossAt(*run, static_cast<int>(last) * run->accumulation);
                table.notes.push_back("Beside " + std::string(their.name) + ", " +
                                      (run->scaled ? "a scaled run, " : "") + runText(*run) + ".");
            }
            table.rows.push_back({their.name, static_cast<double>(their.samples), samples,
                                  static_cast<double>(their.steps), steps, static_cast<double>(their.tokens), tokens,
                                  theirLoss, loss, ratioCell(loss, theirLoss)});
        }
        tables.push_back(std::move(table));
    }
    {
        BenchTable table{"files",
                         "Files",
                         {{"file", "file"},
                          {"what", "what is in it here"},
                          {"theirs_megabytes", theirs("MB")},
                          {"ours_megabytes", ours("MB")},
                          {"ratio", "ratio"}},
                         {},
                         {}};
        for (const auto& their : published::kFiles) {
            bool any = false;
            for (const auto& file : own.files) {
                if (file.kind != their.kind) continue;
                const BenchCell theirSize(their.megabytes), ourSize(file.megabytes, 1);
                table.rows.push_back({their.kind, file.what, theirSize, ourSize, ratioCell(ourSize, theirSize)});
                any = true;
            }
            if (!any)
                table.rows.push_back({their.kind, BenchCell(), BenchCell(their.megabytes), BenchCell(), BenchCell()});
        }
        table.notes.push_back(
            "MB are 1,000,000 bytes. Their .gguf holds float16 weights that are not ternary, and no "
            "tokenizer.");
        if (!own.files.empty())
            table.notes.push_back(
                "Sizes here are those that `export --dry-run` plans: to the byte but for texts within.");
        tables.push_back(std::move(table));
    }
    tables.push_back(curveTable("v0.3", published::kCurveV03, own.v03));
    tables.push_back(curveTable("v0.4", published::kCurveV04, own.v04));
    {
        const auto& their = published::kConfigurationV04;
        BenchTable table{"configuration",
                         "Configuration of v0.4",
                         {{"figure", "figure"}, {"theirs", "published"}, {"ours", "here"}, {"ratio", "ratio"}},
                         {},
                         {}};
        const auto add = [&](const std::string& figure, const BenchCell& before, const BenchCell& mine, bool ratio) {
            table.rows.push_back({figure, before, mine, ratio ? ratioCell(mine, before) : BenchCell()});
        };
        const auto& t = own.training;
        const auto batchText = [](int batch, int accumulation) {
            return std::to_string(batch) + " x " + std::to_string(accumulation);
        };
        add("sequences a micro-step x micro-steps an optimizer step", batchText(their.batch, their.accumulation),
            t ? BenchCell(batchText(t->batch, t->accumulation)) : BenchCell(), false);
        add("tokens a sequence", static_cast<double>(their.tokens),
            t ? BenchCell(static_cast<double>(t->tokens)) : BenchCell(), false);
        add("micro-steps", static_cast<double>(their.steps),
            t ? BenchCell(static_cast<double>(their.steps)) : BenchCell(), false);
        add("optimizer", their.optimizer, t ? BenchCell(their.optimizer) : BenchCell(), false);
        add("recomputation of activations", "yes", t ? BenchCell(t->recompute ? "yes" : "no") : BenchCell(), false);
        add("peak memory, GB", BenchCell(their.gigabytes, 2), t ? BenchCell(t->peakBytes / 1e9, 2) : BenchCell(), true);
        add("hours", BenchCell(their.hours, 1), t ? BenchCell(trainingHours(*t, their.steps), 1) : BenchCell(), true);
        if (t) {
            char text[200];
            std::snprintf(text, sizeof text,
                          "The hours here are an estimate: %d micro-steps of %.2f s and %d optimizer steps of %.2f s, "
                          "the medians of those that were timed.",
                          their.steps, t->microStepSeconds, their.steps / their.accumulation, t->optimizerStepSeconds);
            table.notes.push_back(text);
        }
        tables.push_back(std::move(table));
    }
    return tables;
}

}  // namespace distillix
