// SPDX-License-Identifier: Apache-2.0
// A dataset to begin with: prompts for small Python functions, composed from a seed.
//
// A prompt is put together from a frame ("Write a function … that …"), a function name, an argument's name and what the
// function does: one task of some seventy ("adds 7 to n"), in one of several phrasings; two of them one after the
// other; or one that tells a truth and decides between two words. The response follows by choosing the tasks' code and
// copying names and constants.
//
// What is held out are combinations: a task with its constants (with its function name, where it has none), two tasks
// as a chain, a truth with its words. None of them occurs in the training part, though each of its parts does. So a
// model that only memorises answers nothing, and one that has learned to choose, to put together and to copy answers
// everything.
//
// A longer sample is a module: several such functions asked for and written one after the other, of different names.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/data/dataset.h"

namespace distillix {

struct SampleDataOptions {
    std::uint64_t seed = 1;
    int training = 5000;
    int validation = 300;
    int leastFunctions = 1, mostFunctions = 1;  ///< of a sample; drawn evenly
};

/// Options by name: "standard" (the defaults), and two shaped like the published runs of the original: "v0.3-burnin"
/// (861 samples) and "v0.4" (10,861 samples of 6 to 15 functions, for sequences of 1,024 tokens). InvalidArgument names
/// them.
Result<SampleDataOptions> sampleVariant(const std::string& name);

struct SampleData {
    std::vector<HeldOutPrompt> training, validation;  ///< each with its assertion; no prompt twice
    int tasks = 0;                                    ///< different tasks among them
};

/// The same options give the same data, everywhere. InvalidArgument where there are not so many combinations, or too
/// few training pairs for every part of what is held out to be seen.
Result<SampleData> composeSampleData(const SampleDataOptions& options);

/// Writes FOLDER/train.jsonl and FOLDER/validation.jsonl, {"prompt", "response", "assertion"} a line; whole or not at
/// all. AlreadyExists if the folder is there.
Result<void> writeSampleData(const SampleData& data, const std::filesystem::path& folder);

}  // namespace distillix
