// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/export/exporter.h"

namespace distillix {

/// An Ollama Modelfile for a GGUF file that lies beside it: FROM, TEMPLATE (Go's, of the same words as the Jinja one),
/// the texts an answer ends at, the context. `ollama create NAME -f FILE` takes it.
std::string ollamaModelfile(const ExportSource& source, const std::string& ggufName);

}  // namespace distillix
