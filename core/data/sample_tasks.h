// SPDX-License-Identifier: Apache-2.0
// What sample_data.cpp composes from. In the texts
//
//     {f} {x} {y}       the function's name and its arguments (y only with two)
//     {l}               a lower-case letter
//     {c} {d}           constants; {c+5} {c-5} {c*3} {c*3+1} {d-1} … are written out as numbers
#pragma once

#include <string>
#include <vector>

namespace distillix {

/// What a function takes, and what it gives.
enum class SampleType { Number, TwoNumbers, Text, Numbers, Words, Truth, Other };

struct SampleTask {
    const char* name;
    SampleType takes, gives;
    int least = 0, most = 0;  ///< range of {c}; both 0: no constant
    bool second = false;      ///< there is a {d}, above {c}
    bool letter = false;      ///< there is an {l}
    std::vector<const char*>
        phrasings;          ///< third person: "adds {c} to {x}". What tells a truth has one "tells whether …"
    const char* code;       ///< what is returned
    const char* assertion;  ///< Python that fails on a wrong function; says what is expected in figures
    bool alone = false;     ///< never second in a chain: fails on empty input, or slow on huge numbers
};

const std::vector<SampleTask>& sampleTasks();
const std::vector<const char*>& sampleFrames();
/// A function's name is one of the first, or one of them, '_' and one of the second.
const std::vector<const char*>& sampleVerbs();
const std::vector<const char*>& sampleNouns();
/// Names of arguments; with two numbers, "x, y".
const std::vector<const char*>& sampleArguments(SampleType type);
/// Pairs of words for "returns '…' if … and '…' otherwise".
struct SampleWords {
    const char *yes, *no;
};
const std::vector<SampleWords>& sampleWords();
/// A Python list of inputs on which two different functions of that argument differ; empty if there is none.
const char* sampleInputs(SampleType type);

}  // namespace distillix
