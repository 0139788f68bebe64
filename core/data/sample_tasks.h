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

enum class SampleArgument { Number, TwoNumbers, Text, Numbers, Words };

struct SampleTask {
    const char* name;
    SampleArgument argument;
    int least = 0, most = 0;             ///< range of {c}; both 0: no constant
    bool second = false;                 ///< there is a {d}, above {c}
    bool letter = false;                 ///< there is an {l}
    std::vector<const char*> phrasings;  ///< third person: "adds {c} to {x}"
    const char* code;                    ///< what is returned
    const char* assertion;               ///< Python that fails on a wrong function; says what is expected in figures
};

const std::vector<SampleTask>& sampleTasks();
const std::vector<const char*>& sampleFrames();
const std::vector<const char*>& sampleFunctionNames();
/// Names of arguments; with two numbers, "x, y".
const std::vector<const char*>& sampleArguments(SampleArgument argument);

}  // namespace distillix
