// SPDX-License-Identifier: Apache-2.0
// A backend that behaves as a card does towards the host, around one that works in the host's memory: so that nothing
// above ops.h gets away with reading behind the interface.
#pragma once

#include <memory>

#include "core/backend/ops.h"

namespace distillix {

/// Wraps `inner`, which must work on ordinary addresses ("cpu", "reference").
///  - Device memory lies in pages of its own between two guard pages and can be touched only while an operation runs:
///    a host access faults.
///  - Operations and copies are queued, with copies of their arguments, of the lists these point to and of
///    copyToDevice's bytes, and run at synchronize() and not before: a missing synchronize shows as missing results.
///  - Bytes before and behind each allocation are watched. synchronize() fails, naming the operation that wrote there.
///  - Fresh memory is filled with 0xff (NaNs). Memory freed while work is queued stays unreadable to that work.
/// What `inner` refuses comes back from synchronize().
std::unique_ptr<Backend> makeUnreadableBackend(std::unique_ptr<Backend> inner);

}  // namespace distillix
