// SPDX-License-Identifier: Apache-2.0
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "core/jobs/reporter.h"
#include "core/jobs/requests.h"

namespace distillix {
namespace {
using Json = nlohmann::ordered_json;

/// A pipe whose far end is read when asked.
class Pipe {
  public:
    Pipe() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) ADD_FAILURE() << "no pipe";
        m_read = ends[0];
        m_write = ends[1];
    }
    ~Pipe() {
        closeRead();
        closeWrite();
    }
    int readEnd() const { return m_read; }
    int writeEnd() const { return m_write; }
    void closeRead() {
        if (m_read >= 0) ::close(m_read);
        m_read = -1;
    }
    void closeWrite() {
        if (m_write >= 0) ::close(m_write);
        m_write = -1;
    }
    void say(const std::string& text) {
        ASSERT_EQ(::write(m_write, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    /// The next line; waits for it.
    Json line() {
        std::string text;
        char c;
        while (::read(m_read, &c, 1) == 1 && c != '\n') text += c;
        const Json json = Json::parse(text, nullptr, false);
        EXPECT_TRUE(json.is_object()) << text;
        return json;
    }
    std::string rest() {
        closeWrite();
        std::string text;
        char block[4096];
        for (ssize_t got; (got = ::read(m_read, block, sizeof block)) > 0;)
            text.append(block, static_cast<std::size_t>(got));
        return text;
    }

  private:
    int m_read = -1, m_write = -1;
};

TEST(Reporter, JsonLinesAreWholeAndInOrder) {
    Pipe out;
    auto reporter = makeJsonReporter("train", out.writeEnd());
    EXPECT_EQ(out.line(), (Json{{"type", "hello"},
                                {"protocol", 1},
                                {"program", "distillix"},
                                {"version", "0.1.0"},
                                {"verb", "train"},
                                {"pid", ::getpid()}}));
    Progress progress;
    progress.phase = "train";
    progress.total = 100;
    progress.unit = "steps";
    progress.fields = {{"loss", 2.5}, {"done", "never replaces"}};
    progress.tokensPerSecond = 1000;
    progress.secondsLeft = 9;
    for (int step = 1; step <= 100; ++step) {
        progress.done = step;
        reporter->progress(progress);
    }
    reporter->event("checkpoint", {{"path", "a\nb \xff"}}, "");
    reporter->warning("careful");
    reporter->error(makeError(ErrorCode::DiskFull, "no room", "/x"));
    std::istringstream lines(out.rest());
    std::vector<Json> all;
    for (std::string line; std::getline(lines, line);) all.push_back(Json::parse(line));
    ASSERT_GE(all.size(), 5u);
    ASSERT_LE(all.size(), 12u) << "a hundred steps at once are not a hundred lines";
    EXPECT_EQ(
        all.front().dump(),
        R"({"type":"progress","phase":"train","done":1.0,"total":100.0,"unit":"steps","tokensPerSecond":1000.0,"secondsLeft":9.0,"loss":2.5})");
    EXPECT_EQ(all[all.size() - 4].at("done"), 100) << "the last one is always there";
    EXPECT_EQ(all[all.size() - 3].at("path"), "a\nb \xef\xbf\xbd");
    EXPECT_EQ(all[all.size() - 2], (Json{{"type", "log"}, {"level", "warning"}, {"message", "careful"}}));
    EXPECT_EQ(
        all.back(),
        (Json{{"type", "error"}, {"code", "disk_full"}, {"message", "no room"}, {"where", "/x"}, {"exitCode", 8}}));
}

TEST(Reporter, AClosedPipeIsNoticedAndHarmless) {
    const auto handler = ::signal(SIGPIPE, SIG_IGN);
    Pipe out;
    auto reporter = makeJsonReporter("train", out.writeEnd());
    EXPECT_FALSE(reporter->readerIsGone());
    out.closeRead();
    reporter->info("into the void");
    EXPECT_TRUE(reporter->readerIsGone());
    reporter->result(Json::object(), "");
    ::signal(SIGPIPE, handler);
}

TEST(Reporter, TextKeepsResultsAndProgressApart) {
    Pipe out, err;
    auto reporter = makeTextReporter(out.writeEnd(), err.writeEnd());
    Progress progress;
    progress.phase = "train";
    progress.unit = "steps";
    progress.total = 2000;
    progress.detail = "loss 2.31";
    progress.tokensPerSecond = 12345.6;
    progress.secondsLeft = 80;
    for (progress.done = 1; progress.done <= 1500; ++progress.done) reporter->progress(progress);
    progress.done = 2000;
    reporter->progress(progress);
    reporter->event("checkpoint", Json::object(), "checkpoint written");
    reporter->error(makeError(ErrorCode::NotFound, "is not there", "/x"));
    reporter->result(Json::object(), "done");
    EXPECT_EQ(out.rest(), "done\n");
    EXPECT_EQ(err.rest(),
              "train  1/2,000 steps  0%  loss 2.31  12,346 tokens/s  1 min 20 s left\n"
              "train  2,000/2,000 steps  100%  loss 2.31  12,346 tokens/s  1 min 20 s left\n"
              "checkpoint written\n"
              "distillix: /x: is not there\n");
}

TEST(Reporter, EveryFailureHasItsExitCode) {
    const int codes[] = {2, 4, 5, 3, 6, 7, 8, 1, 9, 10, 1, 1};
    for (int code = 0; code <= static_cast<int>(ErrorCode::Internal); ++code)
        EXPECT_EQ(exitCodeFor(static_cast<ErrorCode>(code)), codes[code])
            << errorCodeName(static_cast<ErrorCode>(code));
}

TEST(Reporter, NumbersForPeople) {
    EXPECT_EQ(groupedText(0), "0");
    EXPECT_EQ(groupedText(999), "999");
    EXPECT_EQ(groupedText(1000), "1,000");
    EXPECT_EQ(groupedText(-1234567), "-1,234,567");
    EXPECT_EQ(groupedText(-123), "-123");
    EXPECT_EQ(shortCountText(12345), "12.3k");
    EXPECT_EQ(bytesText(1.4e9), "1.40 GB");
    EXPECT_EQ(bytesText(999), "999 B");
}

TEST(Requests, AreHandedOutInOrderAndCancelledOutOfTurn) {
    Pipe in, out;
    auto reporter = makeJsonReporter("chat", out.writeEnd());
    out.line();
    RequestReader reader(*reporter, in.readEnd(), out.writeEnd());
    in.say("{\"id\":1,\"request\":\"generate\",\"prompt\":\"a\"}\n{\"id\":\"two\",\"request\":\"generate\"}\n");
    in.say("{\"id\":3,\"request\":\"generate\"}\n");
    auto first = reader.next();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->id, 1);
    EXPECT_EQ(first->body.at("prompt"), "a");
    EXPECT_FALSE(first->stop.raised());
    in.say(
        "{\"id\":10,\"request\":\"cancel\",\"target\":1}\n{\"id\":11,\"request\":\"cancel\",\"target\":\"two\"}\n"
        "{\"id\":12,\"request\":\"cancel\",\"target\":99}\n");
    EXPECT_EQ(out.line(), (Json{{"type", "result"}, {"id", 10}, {"result", {{"cancelled", true}}}}));
    EXPECT_EQ(out.line(), (Json{{"type", "result"}, {"id", 11}, {"result", {{"cancelled", true}}}}));
    EXPECT_EQ(out.line().at("code"), "cancelled");
    EXPECT_EQ(out.line(), (Json{{"type", "result"}, {"id", 12}, {"result", {{"cancelled", false}}}}));
    EXPECT_TRUE(first->stop.raised());
    reader.done();
    const auto third = reader.next();
    ASSERT_TRUE(third);
    EXPECT_EQ(third->id, 3) << "the second was cancelled before it was begun";
    reader.done();
    in.say(
        "{\"id\":4,\"request\":\"generate\"}\n{\"id\":5,\"request\":\"quit\"}\n{\"id\":6,\"request\":\"generate\"}\n");
    EXPECT_EQ(reader.next()->id, 4) << "what was asked before quit is done";
    EXPECT_EQ(out.line().at("id"), 5);
    reader.done();
    EXPECT_FALSE(reader.next());
}

TEST(Requests, BrokenLinesAreAnsweredAndChangeNothing) {
    Pipe in, out;
    auto reporter = makeJsonReporter("chat", out.writeEnd());
    out.line();
    RequestReader reader(*reporter, in.readEnd(), out.writeEnd());
    in.say(
        "{\n\n[1]\n{\"request\":\"generate\"}\n{\"id\":null,\"request\":\"x\"}\n{\"id\":7}\n{\"id\":8,\"request\":"
        "\"cancel\"}\n");
    for (const Json& id : {Json(nullptr), Json(nullptr), Json(nullptr), Json(nullptr), Json(7), Json(8)}) {
        const Json line = out.line();
        EXPECT_EQ(line.at("type"), "error") << line;
        EXPECT_EQ(line.at("id"), id) << line;
    }
    in.say("{\"id\":9,\"request\":\"generate\"}\n{\"id\":9,\"request\":\"generate\"}\n");
    EXPECT_EQ(out.line().at("id"), 9) << "an id twice is refused";
    EXPECT_EQ(reader.next()->id, 9);
    // The end of input without a last newline still ends a request.
    in.say("{\"id\":10,\"request\":\"generate\"}");
    in.closeWrite();
    reader.done();
    EXPECT_EQ(reader.next()->id, 10);
    reader.done();
    EXPECT_FALSE(reader.next());
}

TEST(Requests, AHugeLineIsRefusedWithoutKeepingIt) {
    Pipe in, out;
    auto reporter = makeJsonReporter("chat", out.writeEnd());
    out.line();
    RequestReader reader(*reporter, in.readEnd(), out.writeEnd());
    std::thread asker([&] {
        const std::string block(1u << 20, 'x');
        for (int i = 0; i < 20; ++i) in.say(block);
        in.say("\n{\"id\":1,\"request\":\"generate\"}\n");
    });
    EXPECT_EQ(out.line().at("type"), "error");
    EXPECT_EQ(reader.next()->id, 1);
    asker.join();
}

TEST(Requests, EndWhenTheAskerIsGone) {
    const auto handler = ::signal(SIGPIPE, SIG_IGN);
    Pipe in, out;
    auto reporter = makeJsonReporter("chat", out.writeEnd());
    {
        RequestReader reader(*reporter, in.readEnd(), out.writeEnd());
        in.say("{\"id\":1,\"request\":\"generate\"}\n");
        const auto request = reader.next();
        ASSERT_TRUE(request);
        out.closeRead();
        while (!request->stop.raised()) std::this_thread::yield();
        reader.done();
        EXPECT_FALSE(reader.next());
    }
    // And one that is simply told to stop.
    Pipe out2;
    auto other = makeJsonReporter("chat", out2.writeEnd());
    RequestReader reader(*other, in.readEnd(), out2.writeEnd());
    std::thread stopper([&] { reader.stop(); });
    EXPECT_FALSE(reader.next());
    stopper.join();
    ::signal(SIGPIPE, handler);
}

}  // namespace
}  // namespace distillix
