// SPDX-License-Identifier: Apache-2.0
// Runs every fuzz target over its committed corpus, with whatever compiler and sanitizer built it: a find stays found.
#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "tests/fuzz/fuzz.h"

namespace {

std::map<std::string, distillix::fuzz::Target>& targets() {
    static std::map<std::string, distillix::fuzz::Target> all;
    return all;
}

}  // namespace

distillix::fuzz::Registration::Registration(const char* name, Target target) {
    targets()[name] = target;
}

int main() {
    namespace fs = std::filesystem;
    int failures = 0;
    for (const auto& [name, target] : targets()) {
        std::vector<fs::path> files;
        std::error_code error;
        for (const auto& entry :
             fs::directory_iterator(fs::path(DISTILLIX_TEST_DATA) / "fuzz" / "corpora" / name, error))
            files.push_back(entry.path());
        std::sort(files.begin(), files.end());
        if (files.empty()) {
            std::printf("FAIL %s has no corpus\n", name.c_str());
            ++failures;
        }
        for (const fs::path& file : files) {
            const auto bytes = distillix::readFile(file);
            if (!bytes.ok()) {
                std::printf("FAIL %s\n", bytes.error().text().c_str());
                ++failures;
                continue;
            }
            std::printf("%s %s\n", name.c_str(), file.filename().c_str());
            std::fflush(stdout);  // the last line names the culprit
            target(*bytes);
        }
    }
    return failures == 0 && !targets().empty() ? 0 : 1;
}
