// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/program.h"

#include <cerrno>
#include <sstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/temporary_folder.h"

extern char** environ;

namespace distillix::test {

Program::Program(const std::vector<std::string>& arguments, const std::vector<std::string>& environment) {
    ::signal(SIGPIPE, SIG_IGN);
    const std::string path = std::string(DISTILLIX_BINARY_DIR) + "/distillix";
    std::vector<std::string> words{path};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv, env;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    // Packed models are kept with the tests' other things, and go with them.
    static const TemporaryFolder cache;
    std::vector<std::string> variables = environment;
    variables.push_back("DISTILLIX_CACHE=" + cache.path().string());
    for (auto& variable : variables) env.push_back(variable.data());
    for (char** variable = environ; *variable; ++variable) env.push_back(*variable);
    env.push_back(nullptr);

    int in[2], out[2], err[2];
    if (::pipe2(in, O_CLOEXEC) || ::pipe2(out, O_CLOEXEC) || ::pipe2(err, O_CLOEXEC)) {
        ADD_FAILURE() << "no pipes";
        return;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, err[1], 2);
    // The program must find SIGPIPE as a shell leaves it, not as this test has it.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    if (const int failure = ::posix_spawn(&m_pid, path.c_str(), &actions, &attributes, argv.data(), env.data())) {
        ADD_FAILURE() << "cannot start " << path << ": " << strerror(failure);
        m_pid = -1;
    }
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    ::close(err[1]);
    m_in = in[1];
    m_outEnd = out[0];
    m_errEnd = err[0];
}

Program::~Program() {
    closeInput();
    if (m_pid > 0 && m_code < 0) {
        ::kill(m_pid, SIGKILL);
        wait();
    }
    for (const int end : {m_outEnd, m_errEnd})
        if (end >= 0) ::close(end);
}

void Program::say(const std::string& text) {
    std::size_t at = 0;
    while (at < text.size()) {
        const ssize_t written = ::write(m_in, text.data() + at, text.size() - at);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return;  // it has ended; its exit code tells why
        at += static_cast<std::size_t>(written);
    }
}

void Program::closeInput() {
    if (m_in >= 0) ::close(m_in);
    m_in = -1;
}

bool Program::fill(bool& ended) {
    pollfd ends[2] = {{m_outEnd, POLLIN, 0}, {m_errEnd, POLLIN, 0}};
    if (::poll(ends, 2, -1) < 0) return errno == EINTR;
    const auto take = [](pollfd& end, int& descriptor, std::string& text) {
        if (!end.revents) return;
        char block[65536];
        const ssize_t got = ::read(descriptor, block, sizeof block);
        if (got > 0)
            text.append(block, static_cast<std::size_t>(got));
        else if (got == 0 || errno != EINTR) {
            ::close(descriptor);
            descriptor = -1;
        }
    };
    take(ends[0], m_outEnd, m_out);
    take(ends[1], m_errEnd, m_errors);
    ended = m_outEnd < 0 && m_errEnd < 0;
    return true;
}

bool Program::line(std::string& text) {
    while (true) {
        const auto end = m_out.find('\n');
        if (end != std::string::npos) {
            text = m_out.substr(0, end);
            m_out.erase(0, end + 1);
            return true;
        }
        if (m_outEnd < 0) return false;
        bool ended = false;
        if (!fill(ended)) return false;
    }
}

void Program::signal(int number) {
    if (m_pid > 0 && m_code < 0) ::kill(m_pid, number);
}

bool Program::running() const {
    siginfo_t ended{};
    return m_pid > 0 && ::waitid(P_PID, static_cast<id_t>(m_pid), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           ended.si_pid == 0;
}

int Program::wait() {
    if (m_code >= 0 || m_pid < 0) return m_code;
    closeInput();
    for (bool ended = m_outEnd < 0 && m_errEnd < 0; !ended;)
        if (!fill(ended)) break;
    int status = 0;
    while (::waitpid(m_pid, &status, 0) < 0 && errno == EINTR) continue;
    m_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return m_code;
}

std::vector<nlohmann::ordered_json> Outcome::lines() const {
    std::vector<nlohmann::ordered_json> all;
    std::istringstream stream(out);
    for (std::string line; std::getline(stream, line);) {
        all.push_back(nlohmann::ordered_json::parse(line, nullptr, false));
        EXPECT_TRUE(all.back().is_object()) << "no JSON object: " << line;
    }
    return all;
}

nlohmann::ordered_json Outcome::result() const {
    const auto all = lines();
    if (all.empty() || all.back().value("type", "") != "result") {
        ADD_FAILURE() << "no result; exit code " << code << "\n" << out << errors;
        return nlohmann::ordered_json::object();
    }
    return all.back().at("result");
}

Outcome run(const std::vector<std::string>& arguments, const std::string& input,
            const std::vector<std::string>& environment) {
    Program program(arguments, environment);
    program.say(input);
    program.closeInput();
    Outcome outcome;
    outcome.code = program.wait();
    outcome.out = program.rest();
    outcome.errors = program.errors();
    return outcome;
}

std::vector<std::string> trainTiny(const std::filesystem::path& folder, const std::filesystem::path& dataset, int width,
                                   int layers, int tokens, const std::vector<std::string>& more) {
    std::vector<std::string> words = {"train", "new", folder, "--dataset", dataset, "--num-heads", "2"};
    const std::pair<const char*, int> numbers[] = {{"hidden-dim", width},   {"num-layers", layers},
                                                   {"num-kv-heads", 1},     {"mlp-hidden-dim", 2 * width},
                                                   {"max-seq-len", tokens}, {"tokens", tokens}};
    for (const auto& [name, value] : numbers)
        words.insert(words.end(), {std::string("--") + name, std::to_string(value)});
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

}  // namespace distillix::test
