// SPDX-License-Identifier: Apache-2.0
#include "app/cli/compressors.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace distillix::cli {
namespace {

/// Pipes `text` through a program and counts what comes out.
Result<std::uint64_t> outputBytes(const std::vector<std::string>& command, const std::string& text) {
    int in[2], out[2];
    if (::pipe2(in, O_CLOEXEC) != 0) return makeError(ErrorCode::Io, std::string("no pipe: ") + std::strerror(errno));
    if (::pipe2(out, O_CLOEXEC) != 0) {
        ::close(in[0]);
        ::close(in[1]);
        return makeError(ErrorCode::Io, std::string("no pipe: ") + std::strerror(errno));
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    std::vector<std::string> words = command;
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t child = -1;
    const int failure = ::posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    if (failure != 0) {
        ::close(in[1]);
        ::close(out[0]);
        return makeError(ErrorCode::NotFound, std::string("cannot be started: ") + std::strerror(failure));
    }
    // Writing and reading in turn: each side may be waiting for the other.
    ::fcntl(in[1], F_SETFL, O_NONBLOCK);
    std::size_t written = 0;
    std::uint64_t read = 0;
    char block[65536];
    int input = in[1];
    while (true) {
        if (input >= 0 && written == text.size()) {
            ::close(input);
            input = -1;
        }
        pollfd ends[2] = {{out[0], POLLIN, 0}, {input, POLLOUT, 0}};
        if (::poll(ends, 2, -1) < 0) continue;
        if (ends[1].revents) {
            const ssize_t n = ::write(input, text.data() + written, text.size() - written);
            if (n > 0)
                written += static_cast<std::size_t>(n);
            else if (n < 0 && errno != EAGAIN && errno != EINTR)
                written = text.size();  // it has had enough; its exit code tells
        }
        if (ends[0].revents) {
            const ssize_t n = ::read(out[0], block, sizeof block);
            if (n > 0)
                read += static_cast<std::uint64_t>(n);
            else if (n == 0 || errno != EINTR)
                break;
        }
    }
    if (input >= 0) ::close(input);
    ::close(out[0]);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return makeError(ErrorCode::Io, "failed");
    return read;
}

}  // namespace

std::vector<Compressed> compressorsOfBytes(const std::string& text) {
    std::vector<Compressed> all;
    all.push_back({"gzip -9", outputBytes({"gzip", "-9", "-c"}, text)});
    all.push_back({"xz -9e", outputBytes({"xz", "-9e", "-c"}, text)});
    return all;
}

}  // namespace distillix::cli
