// SPDX-License-Identifier: Apache-2.0
// Sources in every format, shape, compression and encoding, and broken in every way.
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <zlib.h>
#include <zstd.h>

#include "core/data/duplicates.h"
#include "core/data/source.h"
#include "tests/data/support.h"

namespace distillix {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string gzipped(const std::string& text) {
    z_stream stream{};
    deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, text.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::string zstded(const std::string& text) {
    std::string out(ZSTD_compressBound(text.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
    return out;
}

std::string utf16(const std::u16string& text, bool little) {
    std::string out;
    for (const char16_t unit : text) {
        const char low = static_cast<char>(unit & 255), high = static_cast<char>(unit >> 8);
        out += little ? low : high;
        out += little ? high : low;
    }
    return out;
}

class Sources : public FolderTest {
  protected:
    /// Every record as text: "ROLE:words" of its messages, or its text; refusals as "!LINE:COLUMN reason", what is
    /// skipped as "~LINE:COLUMN reason".
    std::vector<std::string> read(const std::filesystem::path& path) {
        m_last = {};
        auto plan = planSource(path, m_options);
        if (!plan.ok()) return {"!! " + plan.error().text()};
        m_last = std::move(plan).value();
        auto reader = openSource(m_last);
        if (!reader.ok()) return {"!! " + reader.error().text()};
        const RecordParser parser = parserOf(m_last, m_options);
        RecordParser::Scratch scratch;
        std::vector<std::string> all;
        while (true) {
            RawRecord raw;
            const auto more = reader.value()->next(raw);
            if (!more.ok()) {
                all.push_back("!! " + more.error().text());
                break;
            }
            if (!more.value()) break;
            Record record;
            Refusal refusal;
            if (!parser.parse(raw, scratch, record, refusal)) {
                EXPECT_EQ(refusal.file, path.string());
                all.push_back((raw.state == RawRecord::State::Skipped ? "~" : "!") + std::to_string(refusal.line) +
                              ":" + std::to_string(refusal.column) + " " + refusal.reason +
                              (refusal.detail.empty() ? "" : " (" + refusal.detail + ")"));
                continue;
            }
            std::string text = record.text;
            for (const ChatMessage& message : record.messages)
                text += (text.empty() ? "" : "|") + std::string(1, "SUA"[static_cast<int>(message.role)]) + ":" +
                        message.text;
            all.push_back(text);
        }
        m_digest = reader.value()->digest();
        return all;
    }
    std::vector<std::string> read(const std::string& name, const std::string& content) {
        return read(file(name, content));
    }

    SourceOptions m_options;
    SourcePlan m_last;
    std::string m_digest;
};

// ---- shapes -------------------------------------------------------------------------------------------------------

TEST_F(Sources, PromptsAndResponsesUnderTheirOtherNames) {
    EXPECT_THAT(read("a.jsonl",
                     "{\"question\": \"q\", \"Answer\": \"a\"}\n{\"prompt\": \"p\", \"completion\": \"c\", \"system\": "
                     "\"s\"}\n"),
                ElementsAre("U:q|A:a", "S:s|U:p|A:c"));
    EXPECT_STREQ(recordShapeName(m_last.mapping.shape), "prompt-response");
    EXPECT_EQ(m_last.mapping.columns().at("response"), "Answer");
}

TEST_F(Sources, ResponsesByTeacher) {
    const std::string lines =
        "{\"prompt\": \"p\", \"responses\": {\"big\": \"one\", \"small\": {\"text\": \"two\"}, \"silent\": null}}\n"
        "{\"prompt\": \"q\", \"responses\": [{\"model\": \"small\", \"content\": \"three\"}, {\"teacher\": \"Big\", "
        "\"response\": \"four\"}]}\n"
        "{\"prompt\": \"r\", \"responses\": [\"five\", \"six\"]}\n"
        "{\"prompt\": \"s\", \"responses\": {}}\n{\"prompt\": \"t\", \"responses\": [1]}\n";
    EXPECT_THAT(read("a.jsonl", lines),
                ElementsAre("U:p|A:one", "U:q|A:three", "U:r|A:five", "!4:17 \"responses\" holds no text",
                            "!5:17 \"responses\" must hold texts by teacher, or a list of them (it is an array)"));
    m_options.mapping.teacher = TeacherChoice::Named;
    m_options.mapping.teacherName = "big";
    EXPECT_THAT(read("a.jsonl", lines), ElementsAre("U:p|A:one", "U:q|A:four", "!3:17 has no response by \"big\"",
                                                    "!4:17 \"responses\" holds no text", HasSubstr("!5:17")));
    m_options.mapping.teacher = TeacherChoice::Random;
    std::set<std::string> seen;
    for (m_options.mapping.seed = 1; m_options.mapping.seed < 20; ++m_options.mapping.seed) {
        const auto once = read("a.jsonl", lines);
        EXPECT_EQ(once, read("a.jsonl", lines)) << "the seed alone decides";
        seen.insert(once[0]);
    }
    EXPECT_THAT(seen, ElementsAre("U:p|A:one", "U:p|A:two"));
}

TEST_F(Sources, MessagesOfManyTurns) {
    EXPECT_THAT(
        read("a.jsonl",
             "{\"messages\": [{\"role\": \"system\", \"content\": \"s\"}, {\"role\": \"user\", \"content\": \"u\"}, "
             "{\"role\": \"assistant\", \"content\": \"a\"}, {\"role\": \"user\", \"content\": [{\"type\": \"text\", "
             "\"text\": \"v\"}]}, "
             "{\"role\": \"assistant\", \"content\": \"b\"}, {\"role\": \"user\", \"content\": \"unanswered\"}]}\n"
             "{\"messages\": [{\"role\": \"user\", \"content\": \"u\"}, {\"role\": \"tool\", \"content\": \"t\"}]}\n"
             "{\"messages\": [{\"role\": \"user\", \"content\": null}]}\n{\"messages\": [null]}\n{\"messages\": []}\n"
             "{\"messages\": null}\n{\"messages\": [{\"role\": \"user\", \"content\": \"only\"}]}\n"
             "{\"messages\": [{\"content\": \"x\"}]}\n{\"messages\": [{\"role\": \"user\"}]}\n"),
        ElementsAre("S:s|U:u|A:a|U:v|A:b", "!2:2 a message has a role that is not understood (messages[1]: \"tool\")",
                    "!3:2 a message's content is null (messages[0])",
                    "!4:2 a message must be an object (messages[0] is null)", "!5:2 has no words of the assistant",
                    "!6:2 \"messages\" is null", "!7:2 has no words of the assistant",
                    "!8:2 a message has no \"role\" or \"from\" (messages[0])",
                    "!9:2 a message has no \"content\" or \"value\" (messages[0])"));
}

TEST_F(Sources, ShareGptAndAlpaca) {
    EXPECT_THAT(
        read("a.json",
             "[{\"id\": 123456789012345678901234567890, \"conversations\": [{\"from\": \"human\", \"value\": \"h\"}, "
             "{\"from\": \"gpt\", \"value\": \"g\"}]}]"),
        ElementsAre("U:h|A:g"));
    EXPECT_EQ(m_last.mapping.shape, RecordShape::ShareGpt);
    EXPECT_THAT(read("b.json",
                     "[{\"instruction\": \"i\", \"input\": \"\", \"output\": \"o\"},\n"
                     " {\"instruction\": \"i\", \"input\": \"x\", \"output\": \"o\", \"text\": \"unused\"},\n"
                     " {\"instruction\": \"i\", \"input\": null, \"output\": \"\"}]"),
                ElementsAre("U:i|A:o", "U:i\n\nx|A:o", "!3:38 \"output\" is empty"));
    EXPECT_EQ(m_last.mapping.shape, RecordShape::Alpaca);
}

TEST_F(Sources, AMappingThatIsGivenIsFollowed) {
    const std::string lines =
        "{\"text\": \"t\", \"prompt\": \"p\", \"response\": \"r\", \"q\": \"Q\", \"r\": \"R\"}\n{\"text\": \"u\"}\n";
    m_options.mapping.fixed.shape = RecordShape::Text;
    EXPECT_THAT(read("a.jsonl", lines), ElementsAre("t", "u"));
    m_options.mapping.fixed = {};
    m_options.mapping.fixed.prompt = "q";
    m_options.mapping.fixed.response = "r";
    EXPECT_THAT(read("a.jsonl", lines), ElementsAre("U:Q|A:R", "!2:1 has no \"q\""));
}

// ---- JSON that is no JSONL -----------------------------------------------------------------------------------------

TEST_F(Sources, JsonArraysOfAnyMake) {
    EXPECT_THAT(read("a.json", " [ {\"text\": \"a ] , } [ \\\" b\"} ,\n\n {\n \"text\": \"c\"\n}]\n"),
                ElementsAre("a ] , } [ \" b", "c"));
    EXPECT_THAT(read("b.json", "[]"), IsEmpty());
    EXPECT_THAT(read("c.json", "{\"version\": 1, \"data\": [{\"text\": \"a\"}, {\"text\": \"b\"}], \"more\": []}"),
                ElementsAre("a", "b", "~1:2 a value beside the records (\"version\", \"more\")"));
    EXPECT_EQ(m_last.recordsKey, "data");
    EXPECT_THAT(read("d.json", "{\n \"text\": \"a\"\n}\n{\n \"text\": \"b\"\n}"), ElementsAre("a", "b"));
    EXPECT_THAT(read("e.json", "{\"text\": \"a\"}\n{\"text\": \"b\"}\n"), ElementsAre("a", "b"));
    EXPECT_EQ(m_last.format, SourceFormat::Jsonl);
}

TEST_F(Sources, JsonArraysThatAreBroken) {
    EXPECT_THAT(read("a.json", "[{\"text\": \"a\"},\n {\"text\": tru},\n 5, \"x\",\n {\"text\": \"b\"}]"),
                ElementsAre("a", "!2:14 is no valid JSON", "!3:2 must be a JSON object (it is a number)",
                            "!3:5 must be a JSON object (it is a text)", "b"));
    EXPECT_THAT(read("b.json", "[{\"text\": \"a\"},\n {\"text\": \"b"),
                ElementsAre("a", "!2:2 is cut short: the file ends inside of it"));
    EXPECT_THAT(read("c.json", "[{\"text\": \"a\"}"), ElementsAre("a", HasSubstr("ends before its array is closed")));
    EXPECT_THAT(read("d.json", "[{\"text\": \"a\"} {\"text\": \"b\"}]"),
                ElementsAre("a", "!1:16 lacks a comma between two records", "b"));
    EXPECT_THAT(
        read("e.json", "[{\"text\": \"a\"},, {\"text\": \"b\"},]"),
        ElementsAre("a", "!1:16 has a ',' where a record should be", "b", HasSubstr("has a ']' where a record")));
    EXPECT_THAT(read("f.json", "[{\"text\": \"a\"}, {\"text\": [1}, {\"text\": \"b\"}]"),
                ElementsAre("a", HasSubstr("closes a bracket that is not open")));
    EXPECT_THAT(read("h.json", "[{\"text\": \"a},\n {\"text\": \"b\"}]"),
                ElementsAre(HasSubstr("!2:15 closes a bracket that is not open")))
        << "a string that is not closed does not swallow the file unnoticed";
    EXPECT_THAT(read("i.json", ""), IsEmpty());
    EXPECT_THAT(read("j.json", std::string(200000, '[')), ElementsAre(HasSubstr("nested too deeply")));
}

TEST_F(Sources, AllOfAJsonFileIsReadOrTold) {
    EXPECT_THAT(read("one.json", "{\n \"prompt\": \"p\",\n \"response\": \"r\"\n}\n"), ElementsAre("U:p|A:r"));
    EXPECT_THAT(read("chat.json",
                     "{\n \"messages\": [{\"role\": \"user\", \"content\": \"u\"},\n  {\"role\": \"assistant\", "
                     "\"content\": \"a\"}]}"),
                ElementsAre("U:u|A:a"));
    EXPECT_THAT(read("package.json", "{\n \"name\": \"n\",\n \"files\": [\"f\"]\n}"),
                ElementsAre(HasSubstr("!1:1 has no columns that are understood")));
    // Behind an array, whatever it is.
    EXPECT_THAT(read("more.json", "[{\"text\": \"a\"}] {\"text\": \"b\"}\n[{\"text\": \"c\"}]\n5 x, \"y\" [] [[]]"),
                ElementsAre("a", "b", "c", "!3:1 must be a JSON object (it is a number)", "!3:3 is no valid JSON",
                            "!3:4 has a ',' where a record should be", "!3:6 must be a JSON object (it is a text)",
                            "!3:14 must be a JSON object (it is an array)"));
    EXPECT_THAT(
        read("end.json", "[{\"text\": \"a\"}]] [{\"text\": \"b\"}]"),
        ElementsAre("a", "!1:16 has a ']' where a record should be; what follows cannot be told apart any more"));
    // Objects that hold their records in an array, several of them, and others in between.
    EXPECT_THAT(read("sets.json",
                     "{\"data\": [{\"text\": \"a\"}], \"id\": 1}\n"
                     "{\"id\": 2, \"rows\": [{\"text\": \"lost\"}], \"data\": [{\"text\": \"b\"}],\n"
                     " \"info\": {\"by\": \"x\"}, \"u\": [0], \"v\": [0], \"w\": {}}\n"
                     "{\"text\": \"c\"}\n[{\"text\": \"d\"}]{\"data\": []}{\"data\": {\"text\": \"e\"}}"),
                ElementsAre("a", "~1:27 a value beside the records (\"id\")", "b",
                            "!2:11 is not read: it stands beside the array \"data\", where the records are (\"rows\", "
                            "\"info\", \"u\" and 1 more)",
                            "!4:1 has no array \"data\" in it, where the records are looked for", "d",
                            "!5:28 has no array \"data\" in it, where the records are looked for"));
    EXPECT_EQ(m_last.recordsKey, "data");
    // Broken among the members.
    const std::string begin = "{\"data\": [{\"text\": \"a\"}]";
    const std::string lost = "; what follows cannot be told apart any more";
    EXPECT_THAT(read("a.json", begin), ElementsAre("a", "!1:1 is cut short: the file ends inside of it"));
    EXPECT_THAT(read("b.json", begin + ", \"x\": {\"y"),
                ElementsAre("a", "!1:32 is cut short: the file ends inside of it"));
    EXPECT_THAT(read("c.json", begin + ", \"x\" 1, \"data\": [{\"text\": \"b\"}]}"),
                ElementsAre("a", "!1:31 lacks a ':' behind a key" + lost));
    EXPECT_THAT(read("d.json", begin + ", x: 1}"), ElementsAre("a", "!1:27 has no key where one should be" + lost));
    EXPECT_THAT(read("e.json", begin + ", \"x\":, \"y\": 1}"),
                ElementsAre("a", "!1:31 has a key without a value" + lost));
    EXPECT_THAT(read("f.json", begin + ", \"x\": [1}}"),
                ElementsAre("a", "!1:34 closes a bracket that is not open" + lost));
    EXPECT_THAT(read("g.json", begin + ", \"x"), ElementsAre("a", "!1:27 is cut short: the file ends inside of it"));
    EXPECT_THAT(read("h.json", begin + "}]"), ElementsAre("a", HasSubstr("!1:26 has a ']' where")));
}

// ---- CSV ------------------------------------------------------------------------------------------------------------

TEST_F(Sources, CsvAsRfc4180HasIt) {
    EXPECT_THAT(read("a.csv", "prompt,response,n\r\np,\"a, \"\"quoted\"\"\r\nanswer\",1\r\n\r\n\"\"\"q\",r,\r\n"),
                ElementsAre("U:p|A:a, \"quoted\"\r\nanswer", "U:\"q|A:r"));
    EXPECT_THAT(read("b.csv", "\"text\";\"x;y\"\na,b;1"), ElementsAre("a,b"));
    EXPECT_EQ(m_last.delimiter, ';');
    EXPECT_THAT(read("c.tsv", "question\tanswer\nq\ta"), ElementsAre("U:q|A:a"));
    EXPECT_THAT(read("d.csv",
                     "id,messages\n1,\"[{\"\"role\"\": \"\"user\"\", \"\"content\"\": \"\"u\"\"}, {\"\"role\"\": "
                     "\"\"assistant\"\", "
                     "\"\"content\"\": \"\"a\"\"}]\"\n"),
                ElementsAre("U:u|A:a"));
}

TEST_F(Sources, CsvThatIsBrokenIsToldByLineAndColumn) {
    EXPECT_THAT(
        read("a.csv",
             "prompt,response\np,\"two\nlines\"\nq\nr,x\"y\ns,\"a\"b\nt,\nu,\"\xff\"\nv,w\nx,\"never\nclosed,\n"),
        ElementsAre("U:p|A:two\nlines", "!4:1 has another number of fields than the header (1 where the header has 2)",
                    "!5:4 has a quote inside a field that does not begin with one",
                    "!6:6 has text behind the quote that closes a field", "!7:3 \"response\" is empty",
                    "!8:3 is no valid UTF-8", "U:v|A:w", "!10:3 opens a quoted field that is never closed"));
    EXPECT_THAT(read("b.csv", "a,b\"c\n1,2\n"), ElementsAre(HasSubstr("b.csv:1:4: its header has a quote")));
    EXPECT_THAT(read("c.csv", "a,b\n1,2\n"), ElementsAre(HasSubstr("!2:1 has no columns that are understood")));
}

// ---- compression and encoding --------------------------------------------------------------------------------------

TEST_F(Sources, GzipAndZstdUnpackedWhateverTheName) {
    std::string lines;
    std::vector<std::string> expected;
    for (int i = 0; i < 20000; ++i) {
        expected.push_back("text " + std::to_string(i * 7919 % 10007));
        lines += "{\"text\": \"" + expected.back() + "\"}\n";
    }
    EXPECT_EQ(read("a.jsonl.gz", gzipped(lines)), expected);
    EXPECT_EQ(m_last.compression, Compression::Gzip);
    EXPECT_EQ(read("b.jsonl.zst", zstded(lines)), expected);
    EXPECT_EQ(m_last.compression, Compression::Zstd);
    EXPECT_EQ(read("c.jsonl", gzipped(lines)), expected) << "the bytes tell, not the name";
    const std::string half = lines.substr(0, lines.size() / 2), rest = lines.substr(lines.size() / 2);
    EXPECT_EQ(read("d.jsonl.gz", gzipped(half) + gzipped(rest) + std::string(512, '\0')), expected)
        << "several members";
    EXPECT_EQ(read("e.jsonl.zst", zstded(half) + zstded(rest)), expected) << "several frames";
    EXPECT_THAT(read("f.csv.gz", gzipped("text\na\n")), ElementsAre("a"));
    EXPECT_THAT(read("g.json.zst", zstded("[{\"text\": \"a\"}]")), ElementsAre("a"));
    EXPECT_THAT(read("h.txt.gz", gzipped("plain")), ElementsAre("plain"));
}

TEST_F(Sources, DamagedPackedFilesAreRefusedAsAWhole) {
    std::string lines;
    for (int i = 0; i < 3000; ++i) lines += "{\"text\": \"" + std::to_string(i * 7919 % 10007) + "\"}\n";
    for (const auto& packed : {gzipped(lines), zstded(lines)}) {
        const bool zstd = packed == zstded(lines);
        const std::string name = zstd ? "a.jsonl.zst" : "a.jsonl.gz";
        EXPECT_THAT(read(name, packed.substr(0, packed.size() - 5)), testing::Contains(HasSubstr("cut short")));
        std::string damaged = packed;
        damaged[packed.size() / 2] = static_cast<char>(damaged[packed.size() / 2] ^ 0x55);
        damaged[packed.size() / 2 + 1] = static_cast<char>(damaged[packed.size() / 2 + 1] ^ 0x55);
        const auto told = read(name, damaged);
        ASSERT_FALSE(told.empty());
        if (!zstd) {
            EXPECT_THAT(told.back(), HasSubstr("damaged"));
        }
    }
    EXPECT_THAT(read("b.jsonl.gz", gzipped(lines) + "tail"), testing::Contains(HasSubstr("other bytes behind")));
    EXPECT_THAT(read("c.jsonl.xz", std::string("\xfd\x37\x7a\x58\x5a\x00 rest", 11)),
                ElementsAre(HasSubstr("is xz data")));
    EXPECT_THAT(read("d.parquet", "PAR1...."), ElementsAre(HasSubstr("is Parquet data")));
}

TEST_F(Sources, ABombIsReadInConstantMemory) {
    // 64 MB of one line in 64 KB of gzip: refused as too long, without being held.
    EXPECT_THAT(read("bomb.jsonl.gz",
                     gzipped(std::string(64 << 20, ' ') + "{\"text\": \"a\"}\n") + gzipped("{\"text\": \"b\"}\n")),
                ElementsAre("!1:1 is longer than 16 MiB, which is the most for a record", "b"));
}

TEST_F(Sources, Utf16WithItsMarkIsConverted) {
    const std::u16string text = u"\ufeff{\"text\": \"a é 日 🙂\"}\r\n{\"text\": \"b\"}\n";
    for (const bool little : {true, false}) {
        EXPECT_THAT(read("a.jsonl", utf16(text, little)), ElementsAre("a é 日 🙂", "b"));
        EXPECT_EQ(m_last.encoding, little ? TextEncoding::Utf16LittleEndian : TextEncoding::Utf16BigEndian);
    }
    EXPECT_THAT(read("b.jsonl", gzipped(utf16(text, true))), ElementsAre("a é 日 🙂", "b"));
    std::u16string broken = u"\ufeff{\"text\": \"a\"}\n{\"text\": \"?\"}\n";
    broken[broken.find(u'?')] = 0xd800;  // half a pair
    EXPECT_THAT(read("c.jsonl", utf16(broken, true)), ElementsAre("a", "!2:11 is no valid UTF-8"));
    EXPECT_THAT(read("d.jsonl", utf16(text.substr(1), true)),
                ElementsAre(HasSubstr("UTF-16 without a byte-order mark")));
    EXPECT_THAT(read("e.jsonl", std::string("\xff\xfe\0\0a\0\0\0", 8)), ElementsAre(HasSubstr("UTF-32")));
    // Where a pair or a unit falls on the border of two blocks.
    std::u16string longText = u"\ufeff";
    std::string expected;
    for (int i = 0; i < 100000; ++i) {
        longText += i % 3 ? u"🙂" : u"é";
        expected += i % 3 ? "🙂" : "é";
    }
    std::string joined;
    for (const auto& part : read("f.txt", utf16(longText, true))) joined += part;
    EXPECT_EQ(joined, expected);
}

TEST_F(Sources, TroublesOfWholeFiles) {
    EXPECT_THAT(read("empty.jsonl", ""), IsEmpty());
    EXPECT_THAT(read("bom.jsonl", "\xef\xbb\xbf"), IsEmpty());
    EXPECT_THAT(read("bom.csv", "\xef\xbb\xbftext\r\na\r\n"), ElementsAre("a"));
    EXPECT_THAT(read(m_folder / "missing.jsonl"), ElementsAre(HasSubstr("missing.jsonl: there is no such file")));
    EXPECT_THAT(read("long.jsonl",
                     "{\"text\": \"a\"}\n{\"text\": \"" + std::string(100 << 20, 'x') + "\"}\n{\"text\": \"b\"}\n"),
                ElementsAre("a", "!2:1 is longer than 16 MiB, which is the most for a record", "b"));
    std::filesystem::create_directories(m_folder / "folder.jsonl");
    EXPECT_THAT(read(m_folder / "folder.jsonl"), IsEmpty()) << "a folder, whatever its name, is read as one";
    EXPECT_EQ(m_last.format, SourceFormat::Folder);
}

TEST_F(Sources, FoldersPassOverWhatNobodyWrote) {
    file("code/a.py", "x = 1\n");
    file("code/gen.py", "# Generated by a tool. DO NOT EDIT.\nx = 1\n");
    file("code/min.js", "var " + std::string(20000, 'x') + ";\n");
    file("code/packed.py.gz", gzipped("y = 2\n"));
    file("code/vendor/v.py", "z = 3\n");
    file("code/big.py", "#" + std::string(kLargestFile, 'x'));
    auto plan = planSource(m_folder / "code", m_options);
    ASSERT_TRUE(plan.ok()) << plan.error().text();
    EXPECT_EQ(plan->listing.skipped.at("vendored folder"), 1u);
    auto reader = openSource(*plan);
    ASSERT_TRUE(reader.ok());
    std::map<std::string, std::string> what;
    for (RawRecord raw; reader.value()->next(raw).value();)
        what[raw.name] = raw.state == RawRecord::State::Whole ? raw.bytes : raw.refusal.reason;
    EXPECT_EQ(what.at("a.py"), "x = 1\n");
    EXPECT_EQ(what.at("packed.py.gz"), "y = 2\n");
    EXPECT_EQ(what.at("gen.py"), "generated");
    EXPECT_EQ(what.at("min.js"), "generated");
    EXPECT_THAT(what.at("big.py"), HasSubstr("larger than 16 MiB"));
    EXPECT_EQ(languageOf("src/A.PY.gz"), "Python");
    EXPECT_EQ(languageOf("x.cu"), "CUDA");
    EXPECT_EQ(languageOf("notes.md"), "");
}

TEST_F(Sources, DigestsTellContentNotNames) {
    read("a.jsonl", "{\"text\": \"a\"}\n");
    const std::string first = m_digest;
    read("b.jsonl", "{\"text\": \"a\"}\n");
    EXPECT_EQ(m_digest, first);
    read("b.jsonl", "{\"text\": \"b\"}\n");
    EXPECT_NE(m_digest, first);
    EXPECT_EQ(first.size(), 32u);
    // An array is read to its end whatever stands behind it.
    read("a.json", "[{\"text\": \"a\"}]");
    const std::string array = m_digest;
    read("b.json", "[{\"text\": \"a\"}]] x");
    EXPECT_NE(m_digest, array);
}

TEST(DuplicateFilter, RemembersEveryHashOnceOverManyGrowths) {
    DuplicateFilter filter;
    for (std::uint64_t i = 0; i < 300000; ++i) ASSERT_FALSE(filter.seen(i * 0x9e3779b97f4a7c15ull));
    for (std::uint64_t i = 0; i < 300000; ++i) ASSERT_TRUE(filter.seen(i * 0x9e3779b97f4a7c15ull));
    EXPECT_FALSE(filter.full());
    Record a, b;
    a.conversation = b.conversation = true;
    a.messages = {{ChatRole::User, "x"}, {ChatRole::Assistant, "y"}};
    b.messages = {{ChatRole::User, "xy"}, {ChatRole::Assistant, ""}};
    EXPECT_NE(hashOf(a), hashOf(b));
    b.messages = {{ChatRole::Assistant, "x"}, {ChatRole::User, "y"}};
    EXPECT_NE(hashOf(a), hashOf(b));
    b.messages = a.messages;
    EXPECT_EQ(hashOf(a), hashOf(b));
}

}  // namespace
}  // namespace distillix
