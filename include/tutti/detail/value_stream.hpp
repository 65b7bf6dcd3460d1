#pragma once

/// Output and Input: what the parts of one value share while it is written or read.

#include "tutti/bytes.hpp"
#include "tutti/error.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>

namespace tutti::detail {

[[noreturn]] inline void throw_corrupt(const std::string& sentence) {
  throw Error(ErrorCode::corrupt_data, sentence);
}

/// A Boost archive that is made when the first part needs one and serves the whole value, so that
/// objects shared by its parts stay shared. Here its type is not known.
class ArchiveSlot {
 public:
  ArchiveSlot() = default;
  ArchiveSlot(const ArchiveSlot&) = delete;
  ArchiveSlot& operator=(const ArchiveSlot&) = delete;
  ~ArchiveSlot() {
    if (archive_ != nullptr) destroy_(archive_);
  }

  void* get() const noexcept { return archive_; }
  void set(void* archive, void (*destroy)(void*) noexcept) noexcept {
    archive_ = archive;
    destroy_ = destroy;
  }

 private:
  void* archive_ = nullptr;
  void (*destroy_)(void*) noexcept = nullptr;
};

/// A fingerprint of bytes, against accidents.
inline std::uint64_t fingerprint(std::span<const std::byte> bytes) noexcept {
  std::uint64_t state = 0x9e3779b97f4a7c15u ^ bytes.size();
  const auto mix = [&state](std::uint64_t word) {
    state = (state ^ word) * 0xff51afd7ed558ccdu;
    state ^= state >> 32;
  };
  std::uint64_t word = 0;
  std::size_t at = 0;
  for (; at + sizeof word <= bytes.size(); at += sizeof word) {
    std::memcpy(&word, bytes.data() + at, sizeof word);
    mix(word);
  }
  word = 0;
  if (at < bytes.size()) std::memcpy(&word, bytes.data() + at, bytes.size() - at);
  mix(word);
  return state;
}

/// What is written ahead of the parts that go through a Boost archive.
struct Seal {
  std::uint64_t size = 0;
  std::uint64_t fingerprint = 0;
};

/// The stream that one value is written to.
class Output {
 public:
  explicit Output(Writer& destination) : writer(destination) {}

  /// Contiguous plain bytes. They may go out of band unless a KeepInline lives.
  void buffer(const void* source, std::size_t size, bool adoptable = false) {
    if (inline_depth_ == 0) {
      writer.buffer(source, size, adoptable);
    } else {
      writer.count(static_cast<std::uint64_t>(size)
                   << 1);  // what Writer::buffer writes for a small one
      writer.raw(source, size);
    }
  }
  /// Contiguous plain bytes that never go out of band; read like a buffer.
  void inline_buffer(const void* source, std::size_t size) {
    const KeepInline keep(*this, true);
    buffer(source, size);
  }

  /// While it lives buffers stay in the stream: they may be gone, or needed, before the message is
  /// complete.
  class KeepInline {
   public:
    KeepInline(Output& output, bool active) : output_(output), active_(active) {
      if (active_) ++output_.inline_depth_;
    }
    KeepInline(const KeepInline&) = delete;
    KeepInline& operator=(const KeepInline&) = delete;
    ~KeepInline() {
      if (active_) --output_.inline_depth_;
    }

   private:
    Output& output_;
    bool active_;
  };

  /// Everything from here to finish() is covered by a seal. Boost trusts the numbers that it reads.
  void begin_seal() {
    writer.value(Seal{});
    seal_end_ = writer.size();
  }
  /// To be called once, after the whole value.
  void finish() {
    if (seal_end_ == 0) return;
    const auto sealed = writer.bytes().subspan(seal_end_);
    writer.patch(seal_end_ - sizeof(Seal), Seal{sealed.size(), fingerprint(sealed)});
  }

  Writer& writer;
  ArchiveSlot archive;
  /// Only sizes are asked, so that no buffer is ever read.
  bool only_counts = false;

 private:
  int inline_depth_ = 0;
  std::size_t seal_end_ = 0;
};

/// The stream that one value is read from.
class Input {
 public:
  explicit Input(Reader& source) : reader(source) {}

  /// The counterpart of Output::begin_seal.
  void check_seal() {
    const auto seal = reader.value<Seal>();
    Reader ahead = reader;
    if (seal.size > ahead.remaining() ||
        fingerprint(ahead.view(static_cast<std::size_t>(seal.size))) != seal.fingerprint) {
      throw_corrupt("the bytes of a serialized object changed on their way");
    }
  }
  /// An object that was read moved from one address to another.
  void moved(const void* to, const void* from) {
    if (archive.get() != nullptr) follow_(archive.get(), to, from);
  }
  void set_follow(void (*follow)(void* archive, const void* to, const void* from)) noexcept {
    follow_ = follow;
  }

  /// Reads what has to be complete at once; throws when a part of it is out of band.
  template <class Read>
  void read_inline(Read&& read) {
    const std::size_t before = reader.destinations().size();
    std::forward<Read>(read)();
    if (reader.destinations().size() != before)
      throw_corrupt("a buffer is out of band where it must not be");
  }

  Reader& reader;
  ArchiveSlot archive;

 private:
  void (*follow_)(void*, const void*, const void*) = nullptr;
};

}  // namespace tutti::detail
