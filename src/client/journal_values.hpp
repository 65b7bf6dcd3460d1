#pragma once

/// Between values and the bytes of a journal.

#include "journal/archive.hpp"
#include "journal/recorder.hpp"
#include "tutti/detail/elements.hpp"
#include "tutti/detail/function_ops.hpp"

#include <cstdint>
#include <span>

namespace tutti::client_module {

/// How results of a function stand in a journal.
journal::Layout layout_of(const detail::ValueOps* result);

/// The bytes of a result.
journal::Payload payload_of(const detail::ValuePtr& value);
/// Of elements [begin, begin + count) of a stretch, none of which failed.
journal::Payload payload_of(const detail::ValuePtr& stretch, std::uint64_t begin,
                            std::uint64_t count);
/// Of a result whose stream came inside a report.
journal::Payload payload_of(const detail::ValueOps& ops, Bytes stream);

/// Rows [row, row + count) of a table of the journal as a stretch that begins at `begin`. Throws
/// Error.
detail::ValuePtr read_stretch(journal::Archive& archive, const detail::FunctionOps& function,
                              std::uint32_t table, std::uint64_t row, std::uint64_t begin,
                              std::uint64_t count);
/// Stretches that cover elements [0, total) in order, as one; some elements failed.
detail::ValuePtr joined(const detail::ValueOps& results, std::uint64_t total,
                        std::span<const detail::ValuePtr> stretches,
                        std::span<const std::uint64_t> failed);
/// One row as a value. Throws Error.
detail::ValuePtr read_result(journal::Archive& archive, const detail::ValueOps& ops,
                             std::uint32_t table, std::uint64_t row);

}  // namespace tutti::client_module
