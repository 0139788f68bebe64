// SPDX-License-Identifier: Apache-2.0
#include "core/data/tokenizer.h"

#include <atomic>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/sha256.h"
#include "core/base/utf8.h"
#include "tests/data/support.h"

namespace distillix {
namespace {

using testing::HasSubstr;

const std::vector<std::string>& corpus() {
    static const std::vector<std::string> texts = [] {
        std::vector<std::string> made;
        std::mt19937 random(3);
        const char* words[] = {"value", "items", "return", "total", "count", "for",
                               "if",    "in",    "range",  "len",   "naïve", "日本"};
        for (int i = 0; i < 400; ++i) {
            std::string text = "def f" + std::to_string(i) + "(" + words[random() % 12] + "):\n";
            for (int line = 0; line < 4; ++line) {
                text += line % 2 ? "    " : "\t";
                for (int word = 0; word < 6; ++word)
                    text += std::string(words[random() % 12]) + (random() % 2 ? " = " : "(");
                text += std::to_string(random() % 1000) + "\n";
            }
            made.push_back(text);
        }
        return made;
    }();
    return texts;
}

std::function<bool(std::string&)> textsOf(const std::vector<std::string>& texts) {
    return [&texts, i = std::size_t{0}](std::string& text) mutable {
        if (i == texts.size()) return false;
        text = texts[i++];
        return true;
    };
}

Result<Tokenizer> train(TokenizerTraining options = {}) {
    options.vocabSize = options.vocabSize == 1024 ? 400 : options.vocabSize;
    return trainTokenizer(options, textsOf(corpus()));
}

TEST(Utf8, WholeHalfAndBroken) {
    EXPECT_EQ(utf8Length("a"), 1);
    EXPECT_EQ(utf8Length("é"), 2);
    EXPECT_EQ(utf8Length("日"), 3);
    EXPECT_EQ(utf8Length("🙂"), 4);
    EXPECT_EQ(utf8Length(""), 0);
    EXPECT_EQ(utf8Length("\xf0\x9f\x99"), 0);
    EXPECT_EQ(utf8Length("\x80"), -1);
    EXPECT_EQ(utf8Length("\xc0\xaf"), -1);          // overlong
    EXPECT_EQ(utf8Length("\xe0\x80\x80"), -1);      // overlong
    EXPECT_EQ(utf8Length("\xed\xa0\x80"), -1);      // a surrogate
    EXPECT_EQ(utf8Length("\xf4\x90\x80\x80"), -1);  // above U+10FFFF
    EXPECT_EQ(utf8FirstInvalid("aé\xff"), 3u);
    EXPECT_EQ(utf8FirstInvalid("aé日"), std::string::npos);
    EXPECT_EQ(utf8Replaced("a\xff\xe6\x97"), "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(Sha256, PublishedDigests) {
    EXPECT_EQ(sha256Hex(std::string_view()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(sha256Hex(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(TokenizerTraining, PiecesStandWhereTheHeaderSays) {
    const auto tokenizer = train({.specialTokens = {"<|user|>", "<|assistant|>"}});
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().text();
    const Tokenizer& t = tokenizer.value();
    EXPECT_EQ(t.size(), 400);
    EXPECT_EQ(t.unknown(), 0);
    EXPECT_EQ(t.bos(), 1);
    EXPECT_EQ(t.eos(), 2);
    EXPECT_EQ(t.pad(), 3);
    EXPECT_EQ(t.pieceId("<|user|>"), 4);
    EXPECT_EQ(t.pieceId("<|assistant|>"), 5);
    EXPECT_EQ(t.piece(4), "<|user|>");
    EXPECT_TRUE(t.isControl(4) && t.isControl(1) && !t.isControl(0) && !t.isControl(100));
    EXPECT_EQ(t.pieceId("<0x00>"), 6);
    EXPECT_EQ(t.pieceId("no such piece"), -1);
    EXPECT_EQ(t.piece(-1), "");
    EXPECT_EQ(t.piece(400), "");
    EXPECT_EQ(t.modelType(), "bpe");
    EXPECT_TRUE(t.hasBytePieces());
    EXPECT_FALSE(t.addsSpacePrefix());
    EXPECT_EQ(t.hash(), sha256Hex(t.serialized()));
}

TEST(TokenizerTraining, EveryTextComesBackExactly) {
    const auto tokenizer = train();
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().text();
    const Tokenizer& t = tokenizer.value();
    std::vector<std::string> texts{"",
                                   " ",
                                   "  ",
                                   "   leading and trailing   ",
                                   "\n\n\t x\r\n",
                                   "a  b   c    d",
                                   "é日本🙂𝔘",
                                   "U+2581 ▁ and ▁▁ here",
                                   "▁",
                                   "U+2585 ▅",
                                   "a\xff\xfe b",
                                   "\xe6\x97",
                                   std::string("nul\0nul", 7),
                                   "<s></s><unk><0x0A><pad>",
                                   "e\u0301 \u00a0\u3000\u200b",
                                   "\xef\xbb\xbf bom"};
    for (const auto& text : corpus()) texts.push_back(text);
    std::mt19937 random(1);
    for (int i = 0; i < 200; ++i) {
        std::string bytes;
        for (unsigned n = random() % 40; n > 0; --n) bytes += static_cast<char>(random() % (i % 2 ? 256 : 128));
        texts.push_back(bytes);
    }
    for (const auto& text : texts) {
        const auto ids = t.encode(text);
        ASSERT_EQ(t.decode(ids), text);
        for (const auto id : ids) ASSERT_TRUE(!t.isControl(id) && id != t.unknown()) << text;
    }
}

TEST(TokenizerTraining, DigitsStandApart) {
    const auto tokenizer = train();
    ASSERT_TRUE(tokenizer.ok());
    for (int id = 0; id < tokenizer.value().size(); ++id) {
        const std::string piece = tokenizer.value().piece(id);
        if (piece.find_first_of("0123456789") == std::string::npos || piece[0] == '<') continue;
        EXPECT_EQ(piece.size(), 1u) << piece;
    }
}

TEST(TokenizerTraining, SpecialTokensAreRecognisedOnlyWhenAsked) {
    const auto tokenizer = train({.specialTokens = {"<|user|>"}});
    ASSERT_TRUE(tokenizer.ok());
    const Tokenizer& t = tokenizer.value();
    const std::string text = "a<|user|>b</s>";
    for (const auto id : t.encode(text)) EXPECT_FALSE(t.isControl(id));
    EXPECT_EQ(t.decode(t.encode(text)), text);
    const auto parsed = t.encode(text, true);
    EXPECT_EQ(std::count(parsed.begin(), parsed.end(), 4), 1);
    EXPECT_EQ(parsed.back(), t.eos());
    EXPECT_EQ(t.decode(parsed), "ab");
}

TEST(TokenizerTraining, TheSameTextGivesTheSameBytes) {
    const auto a = train(), b = train();
    ASSERT_TRUE(a.ok() && b.ok());
    EXPECT_EQ(a.value().hash(), b.value().hash());
}

TEST(TokenizerTraining, LittleTextMakesFewerPieces) {
    const std::vector<std::string> texts{"abc abc abd"};
    const auto tokenizer = trainTokenizer({.vocabSize = 2000}, textsOf(texts));
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().text();
    EXPECT_LT(tokenizer.value().size(), 300);
    EXPECT_EQ(tokenizer.value().decode(tokenizer.value().encode("xyz abc")), "xyz abc");
}

TEST(TokenizerTraining, AStopEndsItWhileTheTextIsTaken) {
    TokenizerTrainer trainer({.vocabSize = 400});
    for (int i = 0; i < 1000; ++i) trainer.add("some words and " + std::to_string(i) + "\n");
    StopSource stop;
    stop.raise();
    const auto tokenizer = trainer.train(stop.token());
    ASSERT_FALSE(tokenizer.ok());
    EXPECT_EQ(tokenizer.error().code, ErrorCode::Cancelled) << tokenizer.error().text();
    EXPECT_TRUE(trainer.train().ok()) << "its texts are there still";
}

TEST(TokenizerTraining, ManyScriptsDoNotFillTheVocabulary) {
    std::vector<std::string> texts;
    for (char32_t c = 0x4e00; c < 0x4e00 + 4000; ++c) {
        std::string text = "common words here ";
        text += static_cast<char>(0xe0 | (c >> 12));
        text += static_cast<char>(0x80 | ((c >> 6) & 63));
        text += static_cast<char>(0x80 | (c & 63));
        texts.push_back(text);
    }
    const auto tokenizer = trainTokenizer({.vocabSize = 400}, textsOf(texts));
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().text();
    EXPECT_LE(tokenizer.value().size(), 400);
    EXPECT_EQ(tokenizer.value().decode(tokenizer.value().encode(texts[77])), texts[77]);
}

TEST(TokenizerTraining, HugeInputIsSampledEvenly) {
    std::size_t given = 0;
    const auto tokenizer = trainTokenizer({.vocabSize = 600, .maxBytes = 200000}, [&](std::string& text) {
        if (given == 40) return false;
        // Words of their own in each part: a sample of the beginning alone would not know the last part's.
        text.clear();
        while (text.size() < 100000) text += given < 20 ? "alphabet alphabet " : "zeppelin zeppelin ";
        ++given;
        return true;
    });
    ASSERT_TRUE(tokenizer.ok());
    EXPECT_EQ(given, 40u);
    EXPECT_LE(tokenizer.value().encode(" alphabet").size(), 2u);
    EXPECT_LE(tokenizer.value().encode(" zeppelin").size(), 2u);
}

TEST(TokenizerTraining, RefusesWhatCannotBe) {
    EXPECT_THAT(train({.vocabSize = 100}).error().text(), HasSubstr("give 324 to"));
    EXPECT_THAT(train({.specialTokens = {"a,b"}}).error().text(), HasSubstr("cannot be a special token"));
    EXPECT_THAT(trainTokenizer({}, [](std::string&) { return false; }).error().text(), HasSubstr("no text"));
}

TEST(StreamDecoder, NeverHalfACharacterAndNothingLost) {
    const auto tokenizer = train();
    ASSERT_TRUE(tokenizer.ok());
    const Tokenizer& t = tokenizer.value();
    for (const std::string text :
         {"  indented é 日本 🙂 end", "🙂🙂", "x", "", "▁ ▁", "tail \xe6\x97", "\xff mid \xf0\x9f\x99 x"}) {
        StreamDecoder decoder(t);
        std::string all;
        for (const auto id : t.encode(text)) {
            const std::string part = decoder.push(id);
            EXPECT_EQ(utf8FirstInvalid(part), std::string::npos);
            all += part;
        }
        all += decoder.finish();
        EXPECT_EQ(all, utf8Replaced(text));
    }
}

TEST(TokenizerFile, DamagedModelsAreRefused) {
    EXPECT_THAT(Tokenizer::load("/nonexistent/tokenizer.model").error().text(),
                HasSubstr("/nonexistent/tokenizer.model"));
    EXPECT_THAT(Tokenizer::fromBytes("").error().text(), HasSubstr("no pieces"));
    EXPECT_THAT(Tokenizer::fromBytes("this is a text file").error().text(), HasSubstr("SentencePiece model"));
    const auto tokenizer = train();
    ASSERT_TRUE(tokenizer.ok());
    const std::string& good = tokenizer.value().serialized();
    EXPECT_THAT(Tokenizer::fromBytes(good.substr(0, good.size() - 3)).error().text(), HasSubstr("SentencePiece model"));
}

/// normalizer_spec { precompiled_charsmap: ... } behind a good model: the later value wins.
std::string withCharsmap(const std::string& model, const std::vector<std::uint32_t>& units,
                         const std::string& replacements) {
    std::string map;
    const auto word = [&](std::uint32_t value) {
        for (int i = 0; i < 4; ++i) map += static_cast<char>(value >> (8 * i));
    };
    word(static_cast<std::uint32_t>(units.size() * 4));
    for (const auto unit : units) word(unit);
    map += replacements;
    const auto field = [](char tag, const std::string& body) {
        std::string bytes(1, tag);
        for (std::size_t n = body.size();; n >>= 7) {
            bytes += static_cast<char>((n & 127) | (n > 127 ? 128 : 0));
            if (n <= 127) return bytes + body;
        }
    };
    return model + field('\x1a', field('\x12', map));
}

TEST(TokenizerFile, NormalizationTableMustStayInsideItself) {
    const auto tokenizer = train();
    ASSERT_TRUE(tokenizer.ok());
    const std::string& model = tokenizer.value().serialized();
    const std::vector<std::uint32_t> empty(256, 0);
    const auto fine = Tokenizer::fromBytes(withCharsmap(model, empty, std::string("\0", 1)));
    ASSERT_TRUE(fine.ok()) << fine.error().text();
    EXPECT_EQ(fine.value().decode(fine.value().encode("plain text")), "plain text");

    auto child = empty;
    child[0] = 0x7ffffc00u;  // the root's children would stand far behind the table
    EXPECT_THAT(Tokenizer::fromBytes(withCharsmap(model, child, std::string("\0", 1))).error().text(),
                HasSubstr("leads out"));
    auto leaf = empty;
    leaf[1] = 0x80000005u;
    EXPECT_THAT(Tokenizer::fromBytes(withCharsmap(model, leaf, std::string("\0", 1))).error().text(),
                HasSubstr("leads out"));
    EXPECT_THAT(Tokenizer::fromBytes(withCharsmap(model, empty, "x")).error().text(), HasSubstr("does not end"));
    EXPECT_THAT(Tokenizer::fromBytes(withCharsmap(model, {}, std::string("\0", 1))).error().text(),
                HasSubstr("wrong length"));
}

TEST(TokenizerFile, AnyDamageIsRefusedOrHarmless) {
    const auto tokenizer = train({.vocabSize = 340});
    ASSERT_TRUE(tokenizer.ok());
    const std::string& good = tokenizer.value().serialized();
    std::mt19937 random(11);
    int refused = 0;
    for (int i = 0; i < 600; ++i) {
        std::string bytes = good;
        for (unsigned n = 1 + random() % 3; n > 0; --n) bytes[random() % bytes.size()] = static_cast<char>(random());
        if (i % 7 == 0) bytes.resize(random() % bytes.size());
        const auto loaded = Tokenizer::fromBytes(bytes);
        if (!loaded.ok()) {
            ++refused;
            continue;
        }
        for (const auto id : loaded.value().encode("def f(x):\n    return é 日 <|user|> 12\xff")) EXPECT_GE(id, 0);
        loaded.value().decode(std::vector<std::int32_t>{0, 1, 2, 3, 100, 1 << 30, -1});
    }
    EXPECT_GT(refused, 50);
}

/// Texts that try what cutting at words could break: long runs, words longer than a cache's slot, every ASCII pair,
/// other scripts, bytes that are no characters, and real sources.
std::vector<std::string> textsForWords() {
    std::vector<std::string> texts = corpus();
    std::string pairs;
    for (int a = 1; a < 128; ++a)
        for (int b = 1; b < 128; ++b) pairs += {static_cast<char>(a), static_cast<char>(b)};
    texts.push_back(pairs);
    for (const std::string run : {" ", "\n", "a", "=", "é", "日", "▁", "_", "0", "\t"}) {
        std::string longRun;
        for (int i = 0; i < 70; ++i) texts.push_back(longRun += run);
    }
    texts.push_back(std::string(300, 'x') + " " + std::string(29, 'y') + "日 " + std::string(31, 'z') + " end");
    std::mt19937 random(5);
    const std::string alphabet[] = {" ",    " ", " ",  "a",    "b", "return", "def", "\n",
                                    "    ", "é", "日", "🙂", "▁", "\xff",   "(",   "x1"};
    for (int i = 0; i < 300; ++i) {
        std::string text;
        for (unsigned n = random() % 60; n > 0; --n) text += alphabet[random() % std::size(alphabet)];
        texts.push_back(text);
    }
    for (const char* name : {"data/tokenizer_test.cpp", "CMakeLists.txt", "../README.md", "../core/data/batches.cpp"}) {
        std::ifstream file(std::filesystem::path(DISTILLIX_TEST_DATA) / name);
        std::ostringstream content;
        content << file.rdbuf();
        EXPECT_GT(content.str().size(), 1000u) << name;
        texts.push_back(content.str());
    }
    return texts;
}

void expectWordsAreExact(const Tokenizer& t) {
    const auto texts = textsForWords();
    for (int pass = 0; pass < 2; ++pass)  // the second finds what the first has put into the cache
        for (const auto& text : texts) ASSERT_EQ(t.encode(text), t.encodeWithoutCache(text)) << text.substr(0, 200);
}

TEST(TokenizerWords, GiveTheTokensOfTheWholeText) {
    // Of code with large vocabularies too, whose pieces reach over brackets and newlines.
    std::vector<std::string> sources = textsForWords();
    for (const int pieces : {340, 600, 3000}) {
        const auto tokenizer = trainTokenizer({.vocabSize = pieces, .specialTokens = {"<|user|>"}}, textsOf(sources));
        ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().text();
        expectWordsAreExact(tokenizer.value());
    }
}

TEST(TokenizerWords, ManyThreadsAtOnce) {
    const auto tokenizer = train();
    ASSERT_TRUE(tokenizer.ok());
    std::vector<std::vector<std::int32_t>> expected;
    for (const auto& text : corpus()) expected.push_back(tokenizer.value().encodeWithoutCache(text));
    std::vector<std::thread> threads;
    std::atomic<int> wrong = 0;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&, i] {
            for (std::size_t n = 0; n < corpus().size(); ++n) {
                const std::size_t at = (n + static_cast<std::size_t>(i) * 101) % corpus().size();
                wrong += tokenizer.value().encode(corpus()[at]) != expected[at];
            }
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
}

class Llama2Tokenizer : public testing::Test {
  protected:
    void SetUp() override {
        const auto path = llama2TokenizerPath();
        if (path.empty())
            GTEST_SKIP() << "Llama 2's tokenizer.model is not here: name it in DISTILLIX_LLAMA2_TOKENIZER to run this";
        auto loaded = Tokenizer::load(path);
        ASSERT_TRUE(loaded.ok()) << loaded.error().text();
        m_tokenizer = std::make_unique<Tokenizer>(std::move(loaded).value());
    }
    std::unique_ptr<Tokenizer> m_tokenizer;
};

TEST_F(Llama2Tokenizer, PublishedFacts) {
    const Tokenizer& t = *m_tokenizer;
    EXPECT_EQ(t.size(), 32000);
    EXPECT_EQ(t.bos(), 1);
    EXPECT_EQ(t.eos(), 2);
    EXPECT_EQ(t.pad(), -1);
    EXPECT_EQ(t.modelType(), "bpe");
    EXPECT_TRUE(t.addsSpacePrefix() && t.hasBytePieces());
    EXPECT_EQ(t.encode("Hello world é 日本 🙂"),
              (std::vector<std::int32_t>{15043, 3186, 904, 29871, 30325, 30346, 29871, 243, 162, 156, 133}));
    std::vector<std::string> pieces;
    for (const auto id : t.encode("def fibonacci(n):\n    return n")) pieces.push_back(t.piece(id));
    EXPECT_EQ(pieces, (std::vector<std::string>{"▁def", "▁fib", "on", "acci", "(", "n", "):", "<0x0A>", "▁▁▁",
                                                "▁return", "▁n"}));
}

TEST_F(Llama2Tokenizer, WordsGiveTheTokensOfTheWholeText) {
    expectWordsAreExact(*m_tokenizer);
}

TEST_F(Llama2Tokenizer, RoundTripsAndStreams) {
    const Tokenizer& t = *m_tokenizer;
    for (const std::string text : {"def f(x):\n\treturn x  +  1\n", " leading", "  two", "é 日本 🙂",
                                   "▁ in ▁▁ text", "a\xff b", "", " ", "\xff first", "▁ first", "</s> typed"}) {
        const auto ids = t.encode(text);
        EXPECT_EQ(t.decode(ids), text);
        EXPECT_EQ(t.decode(t.encode("<s>" + text, true)).substr(0, 8),
                  (text == "</s> typed" ? std::string(" typed") : text).substr(0, 8));
        StreamDecoder decoder(t);
        std::string all;
        for (const auto id : ids) all += decoder.push(id);
        all += decoder.finish();
        EXPECT_EQ(all, utf8Replaced(text));
    }
}

}  // namespace
}  // namespace distillix
