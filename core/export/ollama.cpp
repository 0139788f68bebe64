// SPDX-License-Identifier: Apache-2.0
#include "core/export/ollama.h"

namespace distillix {
namespace {

/// In Go's template language, over .Messages (Role, Content). Ollama puts BOS in front itself, as add_bos_token asks.
/// Empty: Ollama finds one itself by what the GGUF file has.
std::string goTemplate(const ExportSource& source) {
    if (!source.tokenizer || source.tokenizer->eos() < 0) return {};
    const std::string end = source.tokenizer->piece(source.tokenizer->eos());
    const std::string& name = source.templateName;
    if (name == "none") return "{{ .Prompt }}";  // a text is continued as it is
    if (name == "distillix-chat-1")
        return "{{- range .Messages }}<|{{ .Role }}|>{{ .Content }}{{ if eq .Role \"assistant\" }}" + end +
               "{{ end }}{{ end }}<|assistant|>";
    if (name == "distillix-plain-1")
        return "{{- range .Messages }}{{ if eq .Role \"assistant\" }}### Assistant:\n{{ .Content }}" + end +
               "{{ else if eq .Role \"system\" }}### System:\n{{ .Content }}\n{{ else }}### User:\n{{ .Content }}\n"
               "{{ end }}{{ end }}### Assistant:\n";
    if (name == "chatml")
        return "{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end "
               "}}<|im_start|>assistant\n";
    return {};
}

}  // namespace

std::string ollamaModelfile(const ExportSource& source, const std::string& ggufName) {
    std::string text =
        "# " + source.name + ", for Ollama:\n#   ollama create NAME -f THIS_FILE\nFROM ./" + ggufName + "\n";
    if (const std::string chat = goTemplate(source); !chat.empty()) text += "TEMPLATE \"\"\"" + chat + "\"\"\"\n";
    for (const std::string& stop : source.stops) {
        std::string quoted;
        for (const char c : stop) quoted += c == '\n' ? "\\n" : c == '"' ? "\\\"" : std::string(1, c);
        text += "PARAMETER stop \"" + quoted + "\"\n";
    }
    text += "PARAMETER num_ctx " + std::to_string(source.config.maxSeqLen) + "\n";
    return text;
}

}  // namespace distillix
