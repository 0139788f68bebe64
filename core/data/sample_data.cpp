// SPDX-License-Identifier: Apache-2.0
#include "core/data/sample_data.h"

#include <cstdlib>
#include <set>

#include "core/base/files.h"
#include "core/base/rng.h"
#include "core/data/sample_tasks.h"

namespace distillix {
namespace {

constexpr int kMostPairs = 100000;           ///< far within the combinations there are
constexpr std::uint64_t kHeldOutShare = 12;  ///< one combination in so many is for validation

/// What one pair is made of.
struct Parts {
    std::size_t task, name;
    int c = 0, d = 0;
    char letter = 'a';
    std::string f, x, y, arguments;

    std::string constants() const { return std::to_string(c) + " " + std::to_string(d) + " " + letter; }
};

/// The value of "c", "c+5", "c*3-1", "d-1", …
int evaluate(const std::string& expression, const Parts& parts) {
    int value = expression[0] == 'd' ? parts.d : parts.c;
    for (std::size_t at = 1; at < expression.size();) {
        const char operation = expression[at];
        char* end = nullptr;
        const int operand = static_cast<int>(std::strtol(expression.c_str() + at + 1, &end, 10));
        at = static_cast<std::size_t>(end - expression.c_str());
        value = operation == '*' ? value * operand : operation == '+' ? value + operand : value - operand;
    }
    return value;
}

std::string fill(const std::string& text, const Parts& parts) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '{') {
            out += text[at];
            continue;
        }
        const std::size_t close = text.find('}', at);
        const std::string key = text.substr(at + 1, close - at - 1);
        if (key == "f")
            out += parts.f;
        else if (key == "x")
            out += parts.x;
        else if (key == "y")
            out += parts.y;
        else if (key == "l")
            out += parts.letter;
        else
            out += std::to_string(evaluate(key, parts));
        at = close;
    }
    return out;
}

Parts choose(Rng& rng) {
    const auto& tasks = sampleTasks();
    Parts parts;
    parts.task = rng.below(tasks.size());
    const SampleTask& task = tasks[parts.task];
    parts.name = rng.below(sampleFunctionNames().size());
    parts.f = sampleFunctionNames()[parts.name];
    if (task.most > 0)
        parts.c = task.least + static_cast<int>(rng.below(static_cast<std::uint64_t>(task.most - task.least + 1)));
    if (task.second) parts.d = parts.c + 2 + static_cast<int>(rng.below(30));
    if (task.letter) parts.letter = static_cast<char>('a' + rng.below(26));
    const auto& arguments = sampleArguments(task.argument);
    parts.arguments = arguments[rng.below(arguments.size())];
    const std::size_t comma = parts.arguments.find(", ");
    parts.x = parts.arguments.substr(0, comma);
    if (comma != std::string::npos) parts.y = parts.arguments.substr(comma + 2);
    return parts;
}

HeldOutPrompt write(const Parts& parts, Rng& rng) {
    const SampleTask& task = sampleTasks()[parts.task];
    const std::string does = fill(task.phrasings[rng.below(task.phrasings.size())], parts);
    std::string frame = sampleFrames()[rng.below(sampleFrames().size())];
    const auto put = [&](const std::string& key, const std::string& value) {
        frame.replace(frame.find(key), key.size(), value);
    };
    put("{f}", parts.f);
    put("{x}", parts.arguments);
    put("{does}", does);
    return {frame, "def " + parts.f + "(" + parts.arguments + "):\n    return " + fill(task.code, parts),
            fill(task.assertion, parts)};
}

/// Whether a combination belongs to the validation part, decided by the seed and the combination alone.
bool isHeldOut(const Parts& parts, std::uint64_t seed) {
    std::uint64_t hash = mix64(seed);
    for (const std::uint64_t part :
         {std::uint64_t{parts.task}, std::uint64_t{parts.name}, static_cast<std::uint64_t>(parts.c),
          static_cast<std::uint64_t>(parts.d), static_cast<std::uint64_t>(parts.letter)})
        hash = mix64(hash ^ part);
    return hash % kHeldOutShare == 0;
}

}  // namespace

Result<SampleData> composeSampleData(const SampleDataOptions& options) {
    if (options.training < 1 || options.training > kMostPairs || options.validation < 0 ||
        options.validation > kMostPairs)
        return makeError(ErrorCode::InvalidArgument, "ask for 1 to " + std::to_string(kMostPairs) +
                                                         " training pairs and 0 to as many validation pairs");
    SampleData data;
    std::set<std::string> prompts;
    std::set<std::size_t> tasks, names;
    std::set<std::string> constants;
    Rng rng(options.seed);
    // A draw in twelve is for validation and few are repeated, so that this is ample, unless the training part is so
    // small that most of what is held out has an unseen part.
    std::int64_t draws = 1000 + 50 * (std::int64_t{options.training} + options.validation);
    const auto want = [](int count, const std::vector<HeldOutPrompt>& pairs) {
        return pairs.size() < static_cast<std::size_t>(count);
    };
    for (; want(options.training, data.training) && draws > 0; --draws) {
        const Parts parts = choose(rng);
        if (isHeldOut(parts, options.seed)) continue;
        HeldOutPrompt pair = write(parts, rng);
        if (!prompts.insert(pair.prompt).second) continue;
        tasks.insert(parts.task);
        names.insert(parts.name);
        constants.insert(parts.constants());
        data.training.push_back(std::move(pair));
    }
    for (; want(options.validation, data.validation) && draws > 0; --draws) {
        const Parts parts = choose(rng);
        if (!isHeldOut(parts, options.seed) || !tasks.count(parts.task) || !names.count(parts.name)) continue;
        if (!constants.count(parts.constants())) continue;
        HeldOutPrompt pair = write(parts, rng);
        if (prompts.insert(pair.prompt).second) data.validation.push_back(std::move(pair));
    }
    if (want(options.training, data.training) || want(options.validation, data.validation))
        return makeError(ErrorCode::InvalidArgument, "not every part of " + std::to_string(options.validation) +
                                                         " held-out pairs is seen in " +
                                                         std::to_string(options.training) +
                                                         " training pairs; ask for more of these or fewer of those");
    data.tasks = static_cast<int>(tasks.size());
    return data;
}

Result<void> writeSampleData(const SampleData& data, const std::filesystem::path& folder) {
    AtomicFolder made = TRY(AtomicFolder::create(folder));
    const auto writePart = [&](const char* name, const std::vector<HeldOutPrompt>& pairs) -> Result<void> {
        std::string lines;
        for (const HeldOutPrompt& pair : pairs) lines += heldOutPromptToJson(pair).dump() + "\n";
        return writeFileAtomic(made.path() / name, lines);
    };
    TRY_VOID(writePart("train.jsonl", data.training));
    TRY_VOID(writePart("validation.jsonl", data.validation));
    return made.commit();
}

}  // namespace distillix
