// SPDX-License-Identifier: Apache-2.0
#include "core/data/sample_tasks.h"

namespace distillix {

// clang-format off
const std::vector<SampleTask>& sampleTasks() {
    using enum SampleType;
    static const std::vector<SampleTask> tasks{
        // One number and a constant.
        {"add", Number, Number, 2, 60, false, false, {"adds {c} to {x}", "returns {x} plus {c}", "increases {x} by {c}"},
         "{x} + {c}", "assert {f}(0) == {c} and {f}(7) == {c+7} and {f}(-1) == {c-1}"},
        {"subtract", Number, Number, 2, 60, false, false, {"subtracts {c} from {x}", "returns {x} minus {c}", "decreases {x} by {c}"},
         "{x} - {c}", "assert {f}({c}) == 0 and {f}({c+9}) == 9 and {f}({c-4}) == -4"},
        {"subtract_from", Number, Number, 2, 60, false, false, {"subtracts {x} from {c}", "returns {c} minus {x}"},
         "{c} - {x}", "assert {f}(0) == {c} and {f}({c+3}) == -3 and {f}(1) == {c-1}"},
        {"multiply", Number, Number, 2, 40, false, false, {"multiplies {x} by {c}", "returns {x} times {c}", "returns the product of {x} and {c}"},
         "{x} * {c}", "assert {f}(1) == {c} and {f}(3) == {c*3} and {f}(0) == 0"},
        {"floor_divide", Number, Number, 2, 30, false, false, {"divides {x} by {c} and drops the rest", "returns how many times {c} fits into {x}"},
         "{x} // {c}", "assert {f}({c*4}) == 4 and {f}({c*4-1}) == 3 and {f}({c*7+1}) == 7"},
        {"remainder", Number, Number, 2, 30, false, false, {"returns the remainder of {x} divided by {c}", "returns {x} modulo {c}", "takes {x} modulo {c}", "returns what is left of {x} after dividing by {c}"},
         "{x} % {c}", "assert {f}({c*3+1}) == 1 and {f}({c*5}) == 0 and {f}({c-1}) == {c-1}"},
        {"power", Number, Number, 2, 6, false, false, {"raises {x} to the power {c}", "returns {x} to the power of {c}"},
         "{x} ** {c}", "assert {f}(1) == 1 and {f}(2) == 2 ** {c} and {f}(3) == 3 ** {c}"},
        {"at_most", Number, Number, 5, 60, false, false, {"limits {x} to at most {c}", "returns the smaller of {x} and {c}", "returns {x} but never more than {c}"},
         "min({x}, {c})", "assert {f}({c+4}) == {c} and {f}({c-4}) == {c-4} and {f}({c}) == {c}"},
        {"at_least", Number, Number, 5, 60, false, false, {"limits {x} to at least {c}", "returns the larger of {x} and {c}", "returns {x} but never less than {c}"},
         "max({x}, {c})", "assert {f}({c+4}) == {c+4} and {f}({c-4}) == {c} and {f}({c}) == {c}"},
        {"greater", Number, Truth, 5, 60, false, false, {"tells whether {x} is greater than {c}", "checks if {x} is above {c}", "returns True if {x} is more than {c}"},
         "{x} > {c}", "assert {f}({c+1}) is True and {f}({c}) is False and {f}({c-1}) is False"},
        {"less", Number, Truth, 5, 60, false, false, {"tells whether {x} is less than {c}", "checks if {x} is below {c}", "returns True if {x} is smaller than {c}"},
         "{x} < {c}", "assert {f}({c-1}) is True and {f}({c}) is False and {f}({c+1}) is False"},
        {"equal", Number, Truth, 5, 60, false, false, {"tells whether {x} equals {c}", "checks if {x} is exactly {c}"},
         "{x} == {c}", "assert {f}({c}) is True and {f}({c+1}) is False and {f}({c-1}) is False"},
        {"divisible", Number, Truth, 3, 30, false, false, {"tells whether {x} is divisible by {c}", "checks if {x} is a multiple of {c}"},
         "{x} % {c} == 0", "assert {f}({c*6}) is True and {f}({c*6+1}) is False and {f}({c*2-1}) is False"},
        {"distance", Number, Number, 5, 60, false, false, {"returns the distance between {x} and {c}", "returns how far {x} is from {c}"},
         "abs({x} - {c})", "assert {f}({c+6}) == 6 and {f}({c-6}) == 6 and {f}({c}) == 0"},
        {"between", Number, Number, 2, 40, true, false, {"keeps {x} between {c} and {d}", "clamps {x} to the range from {c} to {d}"},
         "max({c}, min({d}, {x}))", "assert {f}({c-5}) == {c} and {f}({d+5}) == {d} and {f}({c+1}) == {c+1}"},
        {"inside", Number, Truth, 2, 40, true, false, {"tells whether {x} lies between {c} and {d}", "checks if {x} is in the range from {c} to {d}"},
         "{c} <= {x} <= {d}", "assert {f}({c}) is True and {f}({d}) is True and {f}({c-1}) is False and {f}({d+1}) is False"},
        {"multiply_add", Number, Number, 2, 12, true, false, {"multiplies {x} by {c} and then adds {d}", "returns {c} times {x} plus {d}"},
         "{x} * {c} + {d}", "assert {f}(0) == {d} and {f}(1) - {d} == {c} and {f}(2) - {d} == {c*2}"},
        {"multiply_subtract", Number, Number, 2, 12, true, false, {"multiplies {x} by {c} and then subtracts {d}", "returns {c} times {x} minus {d}"},
         "{x} * {c} - {d}", "assert {f}(0) + {d} == 0 and {f}(1) + {d} == {c} and {f}(2) + {d} == {c*2}"},
        // One number alone.
        {"even", Number, Truth, 0, 0, false, false, {"tells whether {x} is even", "checks if {x} is an even number"},
         "{x} % 2 == 0", "assert {f}(4) is True and {f}(7) is False and {f}(0) is True"},
        {"odd", Number, Truth, 0, 0, false, false, {"tells whether {x} is odd", "checks if {x} is an odd number"},
         "{x} % 2 == 1", "assert {f}(4) is False and {f}(7) is True and {f}(1) is True"},
        {"square", Number, Number, 0, 0, false, false, {"returns the square of {x}", "multiplies {x} by itself"},
         "{x} * {x}", "assert {f}(3) == 9 and {f}(-5) == 25 and {f}(1) == 1"},
        {"absolute", Number, Number, 0, 0, false, false, {"returns the absolute value of {x}", "drops the sign of {x}"},
         "abs({x})", "assert {f}(-3) == 3 and {f}(4) == 4 and {f}(0) == 0"},
        {"negate", Number, Number, 0, 0, false, false, {"returns {x} with the opposite sign", "negates {x}"},
         "-{x}", "assert {f}(-3) == 3 and {f}(4) == -4"},
        {"sum_up_to", Number, Number, 0, 0, false, false, {"returns the sum of all numbers from 1 to {x}", "adds up 1 to {x}"},
         "sum(range({x} + 1))", "assert {f}(4) == 10 and {f}(1) == 1 and {f}(10) == 55", true},
        // Two numbers.
        {"add_both", TwoNumbers, Other, 0, 0, false, false, {"returns the sum of {x} and {y}", "adds {x} and {y}"},
         "{x} + {y}", "assert {f}(3, 8) == 11 and {f}(-2, 2) == 0"},
        {"difference", TwoNumbers, Other, 0, 0, false, false, {"subtracts {y} from {x}", "returns {x} minus {y}"},
         "{x} - {y}", "assert {f}(3, 8) == -5 and {f}(9, 2) == 7"},
        {"product", TwoNumbers, Other, 0, 0, false, false, {"returns the product of {x} and {y}", "multiplies {x} by {y}"},
         "{x} * {y}", "assert {f}(3, 8) == 24 and {f}(-2, 5) == -10"},
        {"larger", TwoNumbers, Other, 0, 0, false, false, {"returns the larger of {x} and {y}", "returns the maximum of {x} and {y}"},
         "max({x}, {y})", "assert {f}(3, 8) == 8 and {f}(9, 2) == 9"},
        {"smaller", TwoNumbers, Other, 0, 0, false, false, {"returns the smaller of {x} and {y}", "returns the minimum of {x} and {y}"},
         "min({x}, {y})", "assert {f}(3, 8) == 3 and {f}(9, 2) == 2"},
        {"sum_times", TwoNumbers, Other, 2, 30, false, false, {"adds {x} and {y} and multiplies the sum by {c}", "returns {c} times the sum of {x} and {y}"},
         "({x} + {y}) * {c}", "assert {f}(1, 1) == {c*2} and {f}(3, -2) == {c} and {f}(0, 0) == 0"},
        {"sum_above", TwoNumbers, Truth, 5, 60, false, false, {"tells whether the sum of {x} and {y} is greater than {c}", "checks if {x} plus {y} is above {c}"},
         "{x} + {y} > {c}", "assert {f}({c}, 1) is True and {f}({c-1}, 1) is False and {f}(2, {c-1}) is True"},
        // A text.
        {"upper", Text, Text, 0, 0, false, false, {"turns {x} into capital letters", "returns {x} in upper case"},
         "{x}.upper()", "assert {f}('aBc d') == 'ABC D'"},
        {"lower", Text, Text, 0, 0, false, false, {"turns {x} into small letters", "returns {x} in lower case"},
         "{x}.lower()", "assert {f}('aBC D') == 'abc d'"},
        {"reverse_text", Text, Text, 0, 0, false, false, {"reverses {x}", "returns {x} backwards"},
         "{x}[::-1]", "assert {f}('abc') == 'cba' and {f}('') == ''"},
        {"length", Text, Other, 0, 0, false, false, {"returns the length of {x}", "counts the characters of {x}"},
         "len({x})", "assert {f}('abcd') == 4 and {f}('') == 0"},
        {"palindrome", Text, Truth, 0, 0, false, false, {"tells whether {x} is a palindrome", "checks if {x} reads the same backwards"},
         "{x} == {x}[::-1]", "assert {f}('abba') is True and {f}('abc') is False"},
        {"strip", Text, Text, 0, 0, false, false, {"removes spaces around {x}", "strips {x}"},
         "{x}.strip()", "assert {f}('  a b ') == 'a b'"},
        {"words", Text, Other, 0, 0, false, false, {"splits {x} into words", "returns the words of {x}"},
         "{x}.split()", "assert {f}('one two  three') == ['one', 'two', 'three']"},
        {"repeat", Text, Text, 2, 20, false, false, {"repeats {x} {c} times", "returns {c} copies of {x} in a row"},
         "{x} * {c}", "assert {f}('ab').count('ab') == {c} and len({f}('ab')) == {c*2}"},
        {"first_letters", Text, Text, 2, 20, false, false, {"returns the first {c} characters of {x}", "cuts {x} after {c} characters"},
         "{x}[:{c}]", "assert {f}('-' * {c} + 'tail') == '-' * {c} and {f}('a') == 'a'"},
        {"last_letters", Text, Text, 2, 20, false, false, {"returns the last {c} characters of {x}", "keeps the last {c} characters of {x}"},
         "{x}[-{c}:]", "assert {f}('head' + '-' * {c}) == '-' * {c} and {f}('a') == 'a'"},
        {"longer", Text, Truth, 2, 30, false, false, {"tells whether {x} is longer than {c} characters", "checks if {x} has more than {c} characters"},
         "len({x}) > {c}", "assert {f}('a' * {c}) is False and {f}('a' * {c+1}) is True"},
        {"count_letter", Text, Other, 0, 0, false, true, {"counts how often '{l}' occurs in {x}", "returns the number of '{l}' in {x}"},
         "{x}.count('{l}')", "assert {f}('{l}' * 3 + '#' + '{l}') == 4 and {f}('##') == 0"},
        {"starts_with", Text, Truth, 0, 0, false, true, {"tells whether {x} starts with '{l}'", "checks if '{l}' is the first letter of {x}"},
         "{x}.startswith('{l}')", "assert {f}('{l}#') is True and {f}('#{l}') is False"},
        {"ends_with", Text, Truth, 0, 0, false, true, {"tells whether {x} ends with '{l}'", "checks if '{l}' is the last letter of {x}"},
         "{x}.endswith('{l}')", "assert {f}('#{l}') is True and {f}('{l}#') is False"},
        {"contains_letter", Text, Truth, 0, 0, false, true, {"tells whether '{l}' occurs in {x}", "checks if {x} contains '{l}'"},
         "'{l}' in {x}", "assert {f}('#{l}#') is True and {f}('###') is False"},
        {"remove_letter", Text, Text, 0, 0, false, true, {"removes every '{l}' from {x}", "returns {x} without '{l}'"},
         "{x}.replace('{l}', '')", "assert {f}('#{l}-{l}{l}') == '#-' and {f}('{l}') == ''"},
        {"split_at", Text, Other, 0, 0, false, true, {"splits {x} at every '{l}'", "cuts {x} into parts at '{l}'"},
         "{x}.split('{l}')", "assert {f}('1{l}2{l}3') == ['1', '2', '3']"},
        // A list of numbers.
        {"sum", Numbers, Other, 0, 0, false, false, {"returns the sum of {x}", "adds up all numbers in {x}"},
         "sum({x})", "assert {f}([3, 4, -2]) == 5 and {f}([]) == 0"},
        {"largest", Numbers, Other, 0, 0, false, false, {"returns the largest number in {x}", "finds the maximum of {x}"},
         "max({x})", "assert {f}([3, 9, -2]) == 9", true},
        {"smallest", Numbers, Other, 0, 0, false, false, {"returns the smallest number in {x}", "finds the minimum of {x}"},
         "min({x})", "assert {f}([3, 9, -2]) == -2", true},
        {"mean", Numbers, Other, 0, 0, false, false, {"returns the average of {x}", "computes the mean of {x}"},
         "sum({x}) / len({x})", "assert {f}([3, 9, 6]) == 6 and {f}([1, 2]) == 1.5", true},
        {"sorted", Numbers, Numbers, 0, 0, false, false, {"sorts {x}", "returns {x} in ascending order"},
         "sorted({x})", "assert {f}([3, 9, -2]) == [-2, 3, 9]"},
        {"reverse_list", Numbers, Numbers, 0, 0, false, false, {"returns {x} in reverse order", "turns the list {x} around"},
         "{x}[::-1]", "assert {f}([3, 9, -2]) == [-2, 9, 3]"},
        {"squares", Numbers, Other, 0, 0, false, false, {"returns the sum of the squares of {x}", "adds up the squares of {x}"},
         "sum(v * v for v in {x})", "assert {f}([3, 4, -2]) == 29 and {f}([]) == 0"},
        {"evens", Numbers, Numbers, 0, 0, false, false, {"keeps the even numbers of {x}", "returns the even numbers in {x}"},
         "[v for v in {x} if v % 2 == 0]", "assert {f}([3, 4, -2, 7]) == [4, -2]"},
        {"first_items", Numbers, Numbers, 2, 20, false, false, {"returns the first {c} elements of {x}", "takes {c} elements from the start of {x}"},
         "{x}[:{c}]", "assert {f}([8] * {c} + [1, 2]) == [8] * {c}"},
        {"last_items", Numbers, Numbers, 2, 20, false, false, {"returns the last {c} elements of {x}", "takes {c} elements from the end of {x}"},
         "{x}[-{c}:]", "assert {f}([1, 2] + [8] * {c}) == [8] * {c}"},
        {"drop_items", Numbers, Numbers, 2, 20, false, false, {"drops the first {c} elements of {x}", "skips {c} elements at the start of {x}"},
         "{x}[{c}:]", "assert {f}([8] * {c} + [1, 2]) == [1, 2]"},
        {"keep_greater", Numbers, Numbers, 2, 60, false, false, {"keeps the numbers of {x} greater than {c}", "returns all numbers in {x} above {c}"},
         "[v for v in {x} if v > {c}]", "assert {f}([{c+2}, {c}, {c-1}, {c+1}]) == [{c+2}, {c+1}]"},
        {"keep_less", Numbers, Numbers, 2, 60, false, false, {"keeps the numbers of {x} less than {c}", "returns all numbers in {x} below {c}"},
         "[v for v in {x} if v < {c}]", "assert {f}([{c-2}, {c}, {c+1}, {c-1}]) == [{c-2}, {c-1}]"},
        {"count_greater", Numbers, Other, 2, 60, false, false, {"counts the numbers in {x} greater than {c}", "returns how many numbers in {x} are above {c}"},
         "sum(v > {c} for v in {x})", "assert {f}([{c+2}, {c}, {c-1}, {c+1}]) == 2 and {f}([{c}]) == 0"},
        {"add_each", Numbers, Numbers, 2, 60, false, false, {"adds {c} to each number in {x}", "increases every number of {x} by {c}"},
         "[v + {c} for v in {x}]", "assert {f}([0, 5, -1]) == [{c}, {c+5}, {c-1}]"},
        {"multiply_each", Numbers, Numbers, 2, 40, false, false, {"multiplies each number in {x} by {c}", "returns every number of {x} times {c}"},
         "[v * {c} for v in {x}]", "assert {f}([0, 1, 3]) == [0, {c}, {c*3}]"},
        {"count_of", Numbers, Other, 2, 60, false, false, {"counts how often {c} occurs in {x}", "returns how many times {c} is in {x}"},
         "{x}.count({c})", "assert {f}([{c}, 1, {c}, {c+1}]) == 2 and {f}([0]) == 0"},
        {"contains", Numbers, Truth, 2, 60, false, false, {"tells whether {c} is in {x}", "checks if {x} contains {c}"},
         "{c} in {x}", "assert {f}([1, {c}]) is True and {f}([1, {c+1}, {c-1}]) is False"},
        {"append", Numbers, Numbers, 2, 60, false, false, {"returns {x} with {c} added at the end", "appends {c} to {x}"},
         "{x} + [{c}]", "assert {f}([1]) == [1, {c}] and {f}([]) == [{c}]"},
        // A list of words.
        {"join", Words, Other, 0, 0, false, true, {"joins {x} with '{l}' between", "puts '{l}' between the parts of {x}"},
         "'{l}'.join({x})", "assert {f}(['1', '2', '3']) == '1{l}2{l}3'"},
        {"longest", Words, Other, 0, 0, false, false, {"returns the longest word in {x}", "finds the longest of {x}"},
         "max({x}, key=len)", "assert {f}(['bb', 'a', 'cccc', 'd']) == 'cccc'"},
        {"with_letter", Words, Other, 0, 0, false, true, {"keeps those of {x} that contain '{l}'", "returns all of {x} with '{l}' in them"},
         "[v for v in {x} if '{l}' in v]", "assert {f}(['#{l}', '##', '{l}']) == ['#{l}', '{l}']"},
        {"longer_words", Words, Other, 2, 12, false, false, {"keeps those of {x} longer than {c} letters", "returns all of {x} with more than {c} letters"},
         "[v for v in {x} if len(v) > {c}]", "assert {f}(['a' * {c+1}, 'b' * {c}, 'c' * {c+2}]) == ['a' * {c+1}, 'c' * {c+2}]"},
    };
    return tasks;
}

const std::vector<const char*>& sampleFrames() {
    // Name and arguments as they stand in the definition: copying is what is to be learned.
    static const std::vector<const char*> frames{
        "Write a function {f}({x}) that {does}.",
        "Define {f}({x}), which {does}.",
        "I need a function {f}({x}) that {does}.",
        "Please write {f}({x}). It {does}.",
        "Make a Python function {f}({x}) that {does}.",
        "Give me {f}({x}), a function that {does}.",
        "How would you write {f}({x}), which {does}?",
        "Implement {f}({x}) so that it {does}."};
    return frames;
}

const std::vector<const char*>& sampleVerbs() {
    static const std::vector<const char*> verbs{
        "solve",   "run",    "compute", "apply",  "check", "process", "handle", "convert", "find",   "make",   "build", "change",
        "update",  "test",   "measure", "query",  "parse", "adjust",  "fix",    "get",     "inspect", "derive", "prepare", "scan"};
    return verbs;
}

const std::vector<const char*>& sampleNouns() {
    static const std::vector<const char*> nouns{
        "result", "value", "input", "data",  "entry", "record", "total", "report", "state", "signal", "field", "case",
        "score",  "task",  "step",  "answer", "item", "level",  "order", "price",  "route", "table",  "unit",  "view"};
    return nouns;
}

const std::vector<const char*>& sampleArguments(SampleType type) {
    static const std::vector<const char*> number{"n", "x", "value", "number", "num", "amount", "k", "count"};
    static const std::vector<const char*> two{"a, b", "x, y", "m, n", "left, right", "first, second", "p, q"};
    static const std::vector<const char*> text{"s", "text", "word", "line", "name", "string", "title", "label"};
    static const std::vector<const char*> numbers{"items", "values", "numbers", "xs", "data", "nums", "scores", "sizes"};
    static const std::vector<const char*> words{"words", "names", "parts", "lines", "texts", "strings"};
    switch (type) {
        case SampleType::TwoNumbers: return two;
        case SampleType::Text: return text;
        case SampleType::Numbers: return numbers;
        case SampleType::Words: return words;
        default: return number;
    }
}

const std::vector<SampleWords>& sampleWords() {
    static const std::vector<SampleWords> words{{"yes", "no"},    {"good", "bad"}, {"left", "right"}, {"hit", "miss"},
                                                {"open", "shut"}, {"on", "off"},   {"win", "lose"},   {"red", "blue"}};
    return words;
}

const char* sampleInputs(SampleType type) {
    switch (type) {
        case SampleType::Number: return "range(-90, 200)";
        case SampleType::Text:
            return "[*'abcdefghijklmnopqrstuvwxyz', '', 'level', ' aBc dEf ', 'the quick brown fox jumps over the lazy dog', "
                   "*('zyxwvutsrqponmlkjihgfedcba'[k:] * 2 for k in range(26)), *('ab#'[:k % 3] + 'c' * k for k in range(35)), "
                   "''.join(chr(97 + k) * (k % 5 + 1) for k in range(26))]";
        case SampleType::Numbers:
            return "[[], list(range(-5, 75)), *([k + 1, k - 1, k] for k in range(70)), *(list(range(k, k + 25)) for k in range(0, 70, 4)), "
                   "[v for v in range(75) for _ in range(v * 3 % 11)]]";
        default: return "";
    }
}
// clang-format on

}  // namespace distillix
