// SPDX-License-Identifier: Apache-2.0
#include "core/base/result.h"

namespace distillix {

const char* errorCodeName(ErrorCode code) {
    switch (code) {
        case ErrorCode::InvalidArgument:
            return "invalid_argument";
        case ErrorCode::NotFound:
            return "not_found";
        case ErrorCode::AlreadyExists:
            return "already_exists";
        case ErrorCode::InvalidData:
            return "invalid_data";
        case ErrorCode::Unsupported:
            return "unsupported";
        case ErrorCode::OutOfMemory:
            return "out_of_memory";
        case ErrorCode::DiskFull:
            return "disk_full";
        case ErrorCode::Io:
            return "io";
        case ErrorCode::Busy:
            return "busy";
        case ErrorCode::Cancelled:
            return "cancelled";
        case ErrorCode::Device:
            return "device";
        case ErrorCode::Internal:
            return "internal";
    }
    return "internal";
}

}  // namespace distillix
