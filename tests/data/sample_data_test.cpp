// SPDX-License-Identifier: Apache-2.0
#include "core/data/sample_data.h"

#include <cstdio>
#include <regex>
#include <set>

#include <gmock/gmock.h>

#include "core/data/import.h"
#include "core/data/sample_tasks.h"
#include "tests/data/support.h"

namespace distillix {
namespace {

using testing::HasSubstr;

SampleData compose(SampleDataOptions options = {}) {
    auto data = composeSampleData(options);
    EXPECT_TRUE(data.ok()) << data.error().text();
    return data.ok() ? std::move(data).value() : SampleData{};
}

TEST(SampleData, AsManyAsAskedAndNoPromptTwice) {
    const SampleData data = compose();
    EXPECT_EQ(data.training.size(), 5000u);
    EXPECT_EQ(data.validation.size(), 300u);
    EXPECT_EQ(static_cast<std::size_t>(data.tasks), sampleTasks().size());
    EXPECT_GE(data.tasks, 60);
    std::set<std::string> prompts;
    for (const auto* part : {&data.training, &data.validation})
        for (const auto& pair : *part) {
            EXPECT_TRUE(prompts.insert(pair.prompt).second) << pair.prompt;
            EXPECT_EQ(pair.prompt.find_first_of("{}"), std::string::npos) << pair.prompt;
            EXPECT_EQ(pair.response.find_first_of("{}"), std::string::npos) << pair.response;
            EXPECT_EQ(pair.assertion.find_first_of("{}"), std::string::npos) << pair.assertion;
        }
}

TEST(SampleData, TheSeedDecides) {
    const SampleData a = compose({.seed = 7, .training = 300, .validation = 20});
    const SampleData b = compose({.seed = 7, .training = 300, .validation = 20});
    const SampleData c = compose({.seed = 8, .training = 300, .validation = 20});
    for (std::size_t i = 0; i < a.training.size(); ++i) EXPECT_EQ(a.training[i].prompt, b.training[i].prompt);
    for (std::size_t i = 0; i < a.validation.size(); ++i)
        EXPECT_EQ(a.validation[i].assertion, b.validation[i].assertion);
    EXPECT_NE(a.training[0].prompt + a.training[1].prompt, c.training[0].prompt + c.training[1].prompt);
}

/// A response without its names: what a model could have memorised. "n + 7", "X = X * 3; sorted(X)", …
std::string body(const HeldOutPrompt& pair) {
    const std::size_t open = pair.response.find('('), close = pair.response.find(')');
    std::string text = pair.response.substr(close + 3);
    std::string arguments = pair.response.substr(open + 1, close - open - 1) + ", ";
    for (std::size_t at = 0; (at = arguments.find(", ")) != std::string::npos; arguments.erase(0, at + 2)) {
        const std::regex name("\\b" + arguments.substr(0, at) + "\\b");
        text = std::regex_replace(text, name, "ARG" + std::to_string(arguments.size()));
    }
    return text;
}

TEST(SampleData, WhatIsHeldOutIsNewAndItsPartsAreNot) {
    const SampleData data = compose();
    std::set<std::string> responses, bodies, words;
    const auto wordsOf = [](const std::string& text) {
        std::set<std::string> found;
        std::string word;
        for (const char c : text + " ") {
            if (std::isalnum(static_cast<unsigned char>(c))) {
                word += c;
            } else if (!word.empty()) {
                found.insert(word);
                word.clear();
            }
        }
        return found;
    };
    for (const auto& pair : data.training) {
        responses.insert(pair.response);
        bodies.insert(body(pair));
        words.merge(wordsOf(pair.prompt));
    }
    int fresh = 0, chains = 0, choices = 0;
    for (const auto& pair : data.validation) {
        EXPECT_FALSE(responses.count(pair.response)) << pair.response;
        // Where there are constants, or two tasks, even the body is new; only tasks without either are told apart by
        // the function's name.
        const bool isNew = !bodies.count(body(pair));
        fresh += isNew;
        const bool chain =
            pair.prompt.find(" first ") != std::string::npos && pair.prompt.find(" and then ") != std::string::npos;
        chains += chain;
        choices += pair.response.find("    if ") != std::string::npos;
        EXPECT_TRUE(isNew || !chain) << pair.response;
        for (const auto& word : wordsOf(pair.prompt)) EXPECT_TRUE(words.count(word)) << word;
    }
    EXPECT_GT(fresh, 200);
    EXPECT_GT(chains, 30);
    EXPECT_GT(choices, 30);
}

TEST(SampleData, VariantsAreShapedLikeThePublishedRuns) {
    const SampleData burnIn = compose(sampleVariant("v0.3-burnin").value());
    EXPECT_EQ(burnIn.training.size(), 861u);
    const SampleData modules = compose(sampleVariant("v0.4").value());
    EXPECT_EQ(modules.training.size(), 10861u);
    EXPECT_EQ(modules.validation.size(), 300u);
    std::set<std::string> prompts;
    std::size_t functions = 0;
    for (const auto& module : modules.training) {
        EXPECT_TRUE(prompts.insert(module.prompt).second);
        std::set<std::string> names;
        for (std::size_t at = module.response.find("def "); at != std::string::npos;
             at = module.response.find("def ", at + 1)) {
            EXPECT_TRUE(names.insert(module.response.substr(at, module.response.find('(', at) - at)).second)
                << module.response;
            ++functions;
        }
        EXPECT_GE(names.size(), 6u);
        EXPECT_LE(names.size(), 15u);
    }
    EXPECT_NEAR(static_cast<double>(functions) / 10861, 10.5, 0.2);
    // No function that is held out is written anywhere in the training part.
    std::set<std::string> trained;
    const auto split = [](const std::string& response) {
        std::vector<std::string> parts;
        for (std::size_t at = 0; at != std::string::npos;) {
            const auto end = response.find("\n\n\n", at);
            parts.push_back(response.substr(at, end - at));
            at = end == std::string::npos ? end : end + 3;
        }
        return parts;
    };
    for (const auto& module : modules.training)
        for (auto& part : split(module.response)) trained.insert(part);
    for (const auto& module : modules.validation)
        for (const auto& part : split(module.response)) EXPECT_FALSE(trained.count(part)) << part;
    EXPECT_THAT(sampleVariant("v9").error().text(), HasSubstr("v0.3-burnin"));
    EXPECT_THAT(composeSampleData({.leastFunctions = 3, .mostFunctions = 2}).error().text(), HasSubstr("1 to 20"));
}

TEST(SampleData, WhatCannotBeIsRefused) {
    EXPECT_EQ(composeSampleData({.training = 0}).error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(composeSampleData({.validation = -1}).error().code, ErrorCode::InvalidArgument);
    EXPECT_THAT(composeSampleData({.training = 1, .validation = 500}).error().text(), HasSubstr("not every part"));
    EXPECT_THAT(composeSampleData({.training = 2000000}).error().text(), HasSubstr("ask for 1 to 200000"));
}

class SampleDataFolder : public FolderTest {};

TEST_F(SampleDataFolder, IsImportedWhole) {
    const auto folder = m_folder / "sample";
    ASSERT_TRUE(writeSampleData(compose(), folder).ok());
    EXPECT_EQ(writeSampleData(compose(), folder).error().code, ErrorCode::AlreadyExists);
    ImportOptions options;
    options.sources = {folder / "train.jsonl"};
    options.validationFile = folder / "validation.jsonl";
    options.output = m_folder / "set";
    const auto report = importDataset(options);
    ASSERT_TRUE(report.ok()) << report.error().text();
    const DatasetInfo& info = report.value().info;
    EXPECT_EQ(info.refusedRecords, 0u);
    EXPECT_EQ(info.train.documents, 5000u);
    EXPECT_EQ(info.heldOutPrompts, 300u);
    // Short enough for two minutes on two cores: a pass is under a quarter of a million tokens.
    EXPECT_LT(info.train.tokens, 300000u);
    EXPECT_LE(info.train.longest, 128u);
    RecordProperty("tokens_per_pair", std::to_string(static_cast<double>(info.train.tokens) / 5000));
}

TEST_F(SampleDataFolder, LongSamplesFitInto1024Tokens) {
    SampleDataOptions variant = sampleVariant("v0.4").value();
    variant.training = 1500;  // enough to see the lengths
    variant.validation = 30;
    const auto folder = m_folder / "sample";
    ASSERT_TRUE(writeSampleData(compose(variant), folder).ok());
    ImportOptions options;
    options.sources = {folder / "train.jsonl"};
    options.validationFile = folder / "validation.jsonl";
    options.output = m_folder / "set";
    const auto report = importDataset(options);
    ASSERT_TRUE(report.ok()) << report.error().text();
    EXPECT_LE(report->info.train.longest, 1024u);
    EXPECT_GT(report->info.trainStatistics.tokens.p50, 256u);
    EXPECT_EQ(report->info.heldOutPrompts, 30u);
}

/// Runs every assertion on its own response (all must pass), and on wrong ones: the response of another task with this
/// one's name, and the own one with a digit or letter changed (nearly all must fail).
TEST_F(SampleDataFolder, AssertionsTellRightFromWrong) {
    if (std::system("python3 -c 'pass' >/dev/null 2>&1") != 0)
        GTEST_SKIP() << "SKIPPED: there is no python3 here to run the assertions with";
    const auto folder = m_folder / "sample";
    ASSERT_TRUE(writeSampleData(compose(), folder).ok());
    const auto script = file("check.py", R"(
import json, random, re, sys
pairs = [json.loads(line) for name in ('train', 'validation') for line in open(sys.argv[1] + '/' + name + '.jsonl', encoding='utf-8')]
def works(response, assertion):
    space = {}
    try:
        exec(response, space)
        exec(assertion, space)
        return True
    except Exception:
        return False
random.seed(1)
right = sum(works(p['response'], p['assertion']) for p in pairs)
for p in pairs:
    if not works(p['response'], p['assertion']):
        print('FAILS', p)
head = re.compile(r'def (\w+)\(([\w, ]+)\)')
body = lambda r: r.split('\n', 1)[1]
others = wrong_others = changed = wrong_changed = 0
for p in pairs:
    f, arguments = head.match(p['response']).groups()
    q = random.choice(pairs)
    _, theirs = head.match(q['response']).groups()
    shape = lambda r, a: re.sub(r'\d+', '0', re.sub("'.'", "''", re.sub(r'\b(' + '|'.join(a.split(', ')) + r')\b', 'X', body(r))))
    if len(theirs.split(', ')) == len(arguments.split(', ')) and shape(q['response'], theirs) != shape(p['response'], arguments):
        others += 1
        if works(head.sub('def ' + f + '(' + theirs + ')', q['response']), p['assertion']):
            wrong_others += 1
            print('SAME', q['response'], p['assertion'])
    places = [m.start() for m in re.finditer(r"(?<=')\w(?=')|\d", body(p['response']))]
    if places and '% 2' not in body(p['response']) and '+ 1)' not in body(p['response']) and '[::-1]' not in body(p['response']):
        at = random.choice(places)
        old = body(p['response'])[at]
        new = str((int(old) + 1) % 10) if old.isdigit() else chr((ord(old) - 97 + 1) % 26 + 97)
        changed += 1
        if works(p['response'].replace(body(p['response']), body(p['response'])[:at] + new + body(p['response'])[at + 1:]), p['assertion']):
            wrong_changed += 1
            print('CHANGED', p)
print('RESULT', len(pairs), right, others, wrong_others, changed, wrong_changed)
)");
    const auto output = m_folder / "out.txt";
    ASSERT_EQ(
        std::system(
            ("python3 '" + script.string() + "' '" + folder.string() + "' >'" + output.string() + "' 2>&1").c_str()),
        0)
        << contentOf(output);
    const std::string text = contentOf(output);
    int pairs = 0, right = 0, others = 0, wrongOthers = 0, changed = 0, wrongChanged = 0;
    const auto result = text.find("RESULT ");
    ASSERT_NE(result, std::string::npos) << text;
    ASSERT_EQ(std::sscanf(text.c_str() + result, "RESULT %d %d %d %d %d %d", &pairs, &right, &others, &wrongOthers,
                          &changed, &wrongChanged),
              6);
    EXPECT_EQ(pairs, 5300);
    EXPECT_EQ(right, pairs) << text;
    EXPECT_GT(others, 2000);
    EXPECT_LE(wrongOthers, others / 100) << text;
    EXPECT_GT(changed, 2000);
    // A few changes make no difference: the last 18 of 9 characters are the last 19 of them.
    EXPECT_LE(wrongChanged, changed * 3 / 100) << text;
}

}  // namespace
}  // namespace distillix
