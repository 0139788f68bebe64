// SPDX-License-Identifier: Apache-2.0
#include "core/data/sample_data.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "core/base/files.h"
#include "core/base/rng.h"
#include "core/data/sample_tasks.h"

namespace distillix {
namespace {

constexpr int kMostPairs = 200000;           ///< far within the combinations there are
constexpr std::uint64_t kModuleStream = 7;   ///< of the generator
constexpr std::uint64_t kHeldOutShare = 12;  ///< one combination in so many is for validation

/// One task with its constants.
struct Step {
    std::size_t task = 0;
    int c = 0, d = 0;
    char letter = 'a';
    const SampleTask& operator*() const { return sampleTasks()[task]; }
    const SampleTask* operator->() const { return &sampleTasks()[task]; }
    std::string constants() const { return std::to_string(c) + " " + std::to_string(d) + " " + letter; }
};

/// What one pair is made of: one task; or two, one after the other; or one that tells a truth, which decides between
/// two words.
struct Parts {
    enum class Form { Single, Chain, Choice } form = Form::Single;
    Step first, second;
    std::size_t words = 0;
    std::string f, x, y, arguments;

    /// What is held out or not: the task with its constants (with the name, where it has none), the two tasks of a
    /// chain whatever their constants, the truth with its words.
    std::string combination() const {
        const bool constant = first->most > 0 || first->letter;
        std::string task = first->name;
        switch (form) {
            case Form::Single:
                return task + " " + (constant ? first.constants() : f);
            case Form::Chain:
                return task + " > " + second->name;
            case Form::Choice:
                return task + " ? " + std::to_string(words) + (constant ? " " + first.constants() : "");
        }
        return task;
    }
    /// The parts of it that have to be seen elsewhere.
    std::vector<std::string> parts() const {
        std::vector<std::string> all{first->name, "c " + first.constants()};
        if (form == Form::Single) all.push_back("f " + f);
        if (form == Form::Chain) all.insert(all.end(), {std::string("> ") + second->name, "c " + second.constants()});
        if (form == Form::Choice) all.push_back("? " + std::to_string(words));
        return all;
    }
};

/// The value of "c", "c+5", "c*3-1", "d-1", …
int evaluate(const std::string& expression, const Step& step) {
    int value = expression[0] == 'd' ? step.d : step.c;
    for (std::size_t at = 1; at < expression.size();) {
        const char operation = expression[at];
        char* end = nullptr;
        const int operand = static_cast<int>(std::strtol(expression.c_str() + at + 1, &end, 10));
        at = static_cast<std::size_t>(end - expression.c_str());
        value = operation == '*' ? value * operand : operation == '+' ? value + operand : value - operand;
    }
    return value;
}

std::string fill(const std::string& text, const Parts& parts, const Step& step) {
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
            out += step.letter;
        else
            out += std::to_string(evaluate(key, step));
        at = close;
    }
    return out;
}

template <typename T>
const T& pick(const std::vector<T>& from, Rng& rng) {
    return from[rng.below(from.size())];
}

/// A phrasing that begins with `beginning`, or one that does not.
std::vector<const char*> phrasings(const SampleTask& task, const char* beginning, bool with) {
    std::vector<const char*> found;
    for (const char* phrasing : task.phrasings)
        if (std::string(phrasing).starts_with(beginning) == with) found.push_back(phrasing);
    return found;
}

/// A task for which `fits`, with its constants.
template <typename Fits>
Step chooseStep(Rng& rng, Fits&& fits) {
    Step step;
    do step.task = rng.below(sampleTasks().size());
    while (!fits(sampleTasks()[step.task]));
    const auto& task = *step;
    if (task.most > 0)
        step.c = task.least + static_cast<int>(rng.below(static_cast<unsigned>(task.most - task.least) + 1));
    if (task.second) step.d = step.c + 2 + static_cast<int>(rng.below(30));
    if (task.letter) step.letter = static_cast<char>('a' + rng.below(26));
    return step;
}

Parts choose(Rng& rng) {
    Parts parts;
    const std::uint64_t draw = rng.below(10);
    if (draw < 5) {
        parts.first = chooseStep(rng, [](const SampleTask&) { return true; });
    } else if (draw < 8) {
        parts.form = Parts::Form::Chain;
        // First something that is done to the argument and leaves one of its kind ("first returns" would be no
        // English), then anything that can be done to whatever comes out; but a truth of it would too often be the
        // same whatever was done first.
        parts.first = chooseStep(rng, [](const SampleTask& task) {
            return task.takes == task.gives && !task.second && !phrasings(task, "returns", false).empty();
        });
        parts.second = chooseStep(rng, [&](const SampleTask& task) {
            return task.takes == parts.first->takes && &task != &*parts.first && !task.alone && !task.second &&
                   task.gives != SampleType::Truth;
        });
    } else {
        parts.form = Parts::Form::Choice;
        parts.first = chooseStep(rng, [](const SampleTask& task) {
            return task.gives == SampleType::Truth && *sampleInputs(task.takes) != '\0';
        });
        parts.words = rng.below(sampleWords().size());
    }
    parts.f = pick(sampleVerbs(), rng);
    if (rng.below(3) > 0) parts.f += std::string("_") + pick(sampleNouns(), rng);
    parts.arguments = pick(sampleArguments(parts.first->takes), rng);
    const std::size_t comma = parts.arguments.find(", ");
    parts.x = parts.arguments.substr(0, comma);
    if (comma != std::string::npos) parts.y = parts.arguments.substr(comma + 2);
    return parts;
}

HeldOutPrompt write(const Parts& parts, Rng& rng) {
    const Step &first = parts.first, &second = parts.second;
    const std::string code = fill(first->code, parts, first);
    std::string does, body, assertion;
    switch (parts.form) {
        case Parts::Form::Single:
            does = fill(pick(first->phrasings, rng), parts, first);
            body = "    return " + code;
            assertion = fill(first->assertion, parts, first);
            break;
        case Parts::Form::Chain: {
            const std::string then = fill(second->code, parts, second);
            does = "first " + fill(pick(phrasings(*first, "returns", false), rng), parts, first) + " and then " +
                   fill(pick(second->phrasings, rng), parts, second);
            body = "    " + parts.x + " = " + code + "\n    return " + then;
            // Both codes are checked against figures where they stand alone.
            assertion = "assert all(" + parts.f + "(v) == (lambda " + parts.x + ": " + then + ")((lambda " + parts.x +
                        ": " + code + ")(v)) for v in " + sampleInputs(first->takes) + ")";
            break;
        }
        case Parts::Form::Choice: {
            const SampleWords& words = sampleWords()[parts.words];
            const std::string tells = "tells whether ";
            const std::string yes = "'" + std::string(words.yes) + "'", no = "'" + std::string(words.no) + "'";
            const std::string truth =
                fill(pick(phrasings(*first, tells.c_str(), true), rng), parts, first).substr(tells.size());
            does = rng.below(2) ? "returns " + yes + " if " + truth + " and " + no + " otherwise"
                                : "returns " + yes + " when " + truth + ", else " + no;
            body = "    if " + code + ":\n        return " + yes + "\n    return " + no;
            assertion = "assert all(" + parts.f + "(" + parts.x + ") == (" + yes + " if " + code + " else " + no +
                        ") for " + parts.x + " in " + sampleInputs(first->takes) + ")";
            break;
        }
    }
    std::string frame = pick(sampleFrames(), rng);
    const auto put = [&](const std::string& key, const std::string& value) {
        frame.replace(frame.find(key), key.size(), value);
    };
    put("{f}", parts.f);
    put("{x}", parts.arguments);
    put("{does}", does);
    return {frame, "def " + parts.f + "(" + parts.arguments + "):\n" + body, assertion};
}

/// Whether a combination belongs to the validation part, decided by the seed and the combination alone.
bool isHeldOut(const Parts& parts, std::uint64_t seed) {
    std::uint64_t hash = mix64(seed);
    for (const char c : parts.combination()) hash = mix64(hash ^ static_cast<unsigned char>(c));
    return hash % kHeldOutShare == 0;
}

Result<SampleData> composePairs(const SampleDataOptions& options) {
    if (options.training < 1 || options.training > kMostPairs || options.validation < 0 ||
        options.validation > kMostPairs)
        return makeError(ErrorCode::InvalidArgument, "ask for 1 to " + std::to_string(kMostPairs) +
                                                         " training pairs and 0 to as many validation pairs");
    SampleData data;
    std::set<std::string> prompts;
    std::set<std::string> seen, tasks;
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
        tasks.insert(parts.first->name);
        for (const std::string& part : parts.parts()) seen.insert(part);
        data.training.push_back(std::move(pair));
    }
    for (; want(options.validation, data.validation) && draws > 0; --draws) {
        const Parts parts = choose(rng);
        if (!isHeldOut(parts, options.seed)) continue;
        const auto all = parts.parts();
        if (!std::all_of(all.begin(), all.end(), [&](const std::string& part) { return seen.count(part) > 0; }))
            continue;
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

std::string nameOf(const HeldOutPrompt& pair) {
    const std::size_t begin = pair.response.find(' ') + 1;
    return pair.response.substr(begin, pair.response.find('(') - begin);
}

/// Puts pairs together to `count` modules. Fewer where the pairs do not suffice.
std::vector<HeldOutPrompt> modulesOf(std::vector<HeldOutPrompt> pairs, int count, const SampleDataOptions& options,
                                     Rng& rng) {
    std::vector<HeldOutPrompt> modules;
    std::vector<HeldOutPrompt> later;  // whose names were taken in the module before
    std::size_t next = 0;
    while (modules.size() < static_cast<std::size_t>(count)) {
        const auto functions = static_cast<std::size_t>(options.leastFunctions) +
                               rng.below(static_cast<unsigned>(options.mostFunctions - options.leastFunctions) + 1);
        std::set<std::string> names;
        std::vector<HeldOutPrompt> chosen, rest;
        const auto offer = [&](HeldOutPrompt pair) {
            const bool fits = chosen.size() < functions && names.insert(nameOf(pair)).second;
            (fits ? chosen : rest).push_back(std::move(pair));
        };
        for (HeldOutPrompt& pair : later) offer(std::move(pair));
        while (chosen.size() < functions && next < pairs.size()) offer(std::move(pairs[next++]));
        later = std::move(rest);
        if (chosen.size() < functions) break;
        HeldOutPrompt module;
        module.prompt = "Write a Python module of " + std::to_string(functions) + " functions.";
        for (std::size_t i = 0; i < chosen.size(); ++i) {
            module.prompt += "\n" + std::to_string(i + 1) + ". " + chosen[i].prompt;
            module.response += (i ? "\n\n\n" : "") + chosen[i].response;
            module.assertion += (i ? "\n" : "") + chosen[i].assertion;
        }
        modules.push_back(std::move(module));
    }
    return modules;
}

}  // namespace

Result<SampleDataOptions> sampleVariant(const std::string& name) {
    if (name == "standard") return SampleDataOptions{};
    if (name == "v0.3-burnin") return SampleDataOptions{.training = 861, .validation = 60};
    if (name == "v0.4")
        return SampleDataOptions{.training = 10861, .validation = 300, .leastFunctions = 6, .mostFunctions = 15};
    return makeError(ErrorCode::InvalidArgument,
                     "there is no variant \"" + name + "\"; there are standard, v0.3-burnin and v0.4");
}

Result<SampleData> composeSampleData(const SampleDataOptions& options) {
    if (options.leastFunctions < 1 || options.mostFunctions < options.leastFunctions || options.mostFunctions > 20)
        return makeError(ErrorCode::InvalidArgument, "a sample can have 1 to 20 functions");
    if (options.mostFunctions == 1) return composePairs(options);
    // A few more than on average, for chance and for names that occur twice.
    const auto pairsFor = [&](int modules) {
        const double functions = 0.5 * (options.leastFunctions + options.mostFunctions) * modules;
        return modules == 0 ? 0 : static_cast<int>(functions * 1.02) + 10 * options.mostFunctions;
    };
    SampleDataOptions flat = options;
    flat.training = pairsFor(options.training);
    flat.validation = pairsFor(options.validation);
    SampleData pairs = TRY(composePairs(flat));
    SampleData data;
    data.tasks = pairs.tasks;
    Rng rng(options.seed, kModuleStream);
    data.training = modulesOf(std::move(pairs.training), options.training, options, rng);
    data.validation = modulesOf(std::move(pairs.validation), options.validation, options, rng);
    if (data.training.size() < static_cast<std::size_t>(options.training) ||
        data.validation.size() < static_cast<std::size_t>(options.validation))
        return makeError(ErrorCode::InvalidArgument,
                         "there are not so many functions of different names for these modules");
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
