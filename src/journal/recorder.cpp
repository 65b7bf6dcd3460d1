#include "journal/recorder.hpp"

#include "base/exception_text.hpp"
#include "journal/segment.hpp"
#include "journal/view.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

namespace tutti::journal {
namespace {

using namespace std::chrono_literals;

/// Small results wait so long for company, or until there are so many bytes of them.
constexpr auto company_time = 20ms;
constexpr std::uint64_t company_bytes = 4 << 20;
/// Large ones, so that they make a part.
constexpr auto large_company_time = 200ms;
/// Frames that are written with one call, in bytes.
constexpr std::uint64_t batch_bytes = 32 << 20;

void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

std::uint64_t bytes_of(const Block& block) {
  std::uint64_t bytes = 0;
  for (const ConstBuffer& piece : block.pieces) bytes += piece.size;
  return bytes;
}

}  // namespace

std::optional<PartSummary> seal_segment(const Paths& paths, std::uint64_t segment,
                                        const SegmentContents& contents, std::uint64_t part) {
  std::optional<PartSummary> summary;
  if (!contents.blocks.empty()) {
    const std::filesystem::path unfinished = paths.unfinished_part(part);
    summary = write_part(unfinished, contents.series, contents.blocks, {&segment, 1});
    summary->number = part;
    put_in_place(unfinished, paths.part(part));
  }
  remove_file(paths.segment(segment));
  return summary;
}

Recorder::Recorder(Paths paths, RecorderOptions options, RecorderStart start)
    : paths_(std::move(paths)),
      options_(std::move(options)),
      parts_(std::move(start.parts)),
      next_part_(start.part),
      next_segment_(start.segment),
      next_sequence_(start.sequence),
      view_written_(std::chrono::steady_clock::now()) {
  writer_ = std::thread([this] {
    block_signals();
    options_.thread_setup("tutti-journal");
    write_loop();
  });
  sealer_ = std::thread([this] {
    block_signals();
    options_.thread_setup("tutti-seal");
    sync_loop();
  });
}

Recorder::~Recorder() { close(); }

// ---- from any thread

std::uint32_t Recorder::series(const Series& series) {
  const std::lock_guard lock(mutex_);
  const auto known = std::ranges::find(series_, series);
  if (known == series_.end()) {
    series_.push_back(series);
    return static_cast<std::uint32_t>(series_.size() - 1);
  }
  return static_cast<std::uint32_t>(known - series_.begin());
}

void Recorder::append(NewResults results) {
  if (!results.keys.empty()) add({std::move(results), std::nullopt});
}

void Recorder::append(Failure failure) {
  Item item;
  item.results.series = failure.series;
  item.results.bytes = failure.message.size();
  item.failure = std::move(failure);
  add(std::move(item));
}

void Recorder::add(Item item) {
  item.results.bytes += 64 + sizeof(base::ContentHash) * item.results.keys.size();
  const std::lock_guard lock(mutex_);
  if (failed_ || stopping_) return;
  const bool was_empty = items_.empty();
  if (was_empty) first_item_ = std::chrono::steady_clock::now();
  const bool was_few = pending_bytes_ < company_bytes;
  pending_bytes_ += item.results.bytes;
  items_.push_back(std::move(item));
  if (was_empty || (was_few && pending_bytes_ >= company_bytes)) appended_.notify_one();
}

std::uint64_t Recorder::pending_bytes() const {
  const std::lock_guard lock(mutex_);
  return pending_bytes_;
}

bool Recorder::has_failed() const {
  const std::lock_guard lock(mutex_);
  return failed_;
}

void Recorder::flush() {
  std::unique_lock lock(mutex_);
  flushing_ = true;
  appended_.notify_one();
  written_.wait(lock, [this] { return (items_.empty() && !writing_) || failed_ || closed_; });
  flushing_ = false;
}

void Recorder::close() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopping_, true)) return;
    appended_.notify_one();
  }
  writer_.join();
  {
    const std::lock_guard lock(mutex_);
    written_all_ = true;
    sealable_.notify_one();
  }
  sealer_.join();
  const std::lock_guard lock(mutex_);
  closed_ = true;
  written_.notify_all();
}

void Recorder::give_up(const std::string& sentence) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(failed_, true)) return;
    items_.clear();
    pending_bytes_ = 0;
    written_.notify_all();
    synced_.notify_all();
  }
  options_.warn("the journal '" + paths_.folder().string() +
                "' cannot be written any more, and results from here on are not recorded (the job "
                "goes on and keeps them): " +
                sentence);
}

// ---- the thread that writes

/// Waits for work, and a little for more of it. False at the end.
bool Recorder::await_items(std::unique_lock<std::mutex>& lock) {
  const auto hurry = [this] { return stopping_ || flushing_ || failed_; };
  appended_.wait(lock, [&] { return !items_.empty() || stopping_; });
  if (items_.empty()) return false;
  appended_.wait_until(lock, first_item_ + company_time,
                       [&] { return hurry() || pending_bytes_ >= company_bytes; });
  if (pending_bytes_ >= company_bytes) {
    appended_.wait_until(lock, first_item_ + large_company_time,
                         [&] { return hurry() || pending_bytes_ >= 2 * options_.part_bytes; });
  }
  return true;
}

void Recorder::write_loop() {
  std::unique_lock lock(mutex_);
  while (await_items(lock)) {
    std::vector<Item> items(std::make_move_iterator(items_.begin()),
                            std::make_move_iterator(items_.end()));
    items_.clear();
    std::uint64_t bytes = 0;
    for (const Item& item : items) bytes += item.results.bytes;
    writing_ = true;
    lock.unlock();
    try {
      process(items);
    } catch (...) {
      give_up(describe_current_exception().message);
    }
    items.clear();
    lock.lock();
    writing_ = false;
    pending_bytes_ -= std::min(bytes, pending_bytes_);
    written_.notify_all();
  }
  lock.unlock();
  end_segment();
}

std::vector<Series> Recorder::series_now() const {
  const std::lock_guard lock(mutex_);
  return series_;
}

std::vector<Block> Recorder::make_blocks(std::vector<Item>& items,
                                         std::vector<std::shared_ptr<const void>>& owners) {
  std::vector<Block> blocks;
  blocks.reserve(items.size());
  for (Item& item : items) {
    NewResults& results = item.results;
    Block block;
    block.series = results.series;
    if (item.failure) {
      block.first_index = item.failure->index;
      block.circumstances = item.failure->circumstances;
      block.keys.push_back(item.failure->key);
      block.failure = std::move(item.failure);
      blocks.push_back(std::move(block));
      continue;
    }
    try {
      Payload payload = results.make();
      block.row_bytes = std::move(payload.row_bytes);
      block.pieces = std::move(payload.pieces);
      owners.push_back(std::move(payload.owner));
    } catch (...) {
      const ExceptionText text = describe_current_exception();
      options_.warn("a result could not be recorded in the journal '" + paths_.folder().string() +
                    "': " + text.type + ": " + text.message);
      continue;
    }
    block.first_index = results.first_index;
    block.circumstances = results.circumstances;
    block.keys = std::move(results.keys);
    blocks.push_back(std::move(block));
  }
  return blocks;
}

void Recorder::process(std::vector<Item>& items) {
  std::vector<std::shared_ptr<const void>> owners;
  std::vector<Block> blocks = make_blocks(items, owners);
  const auto is_large = [this](const Block& block) {
    return bytes_of(block) / block.keys.size() >= options_.large_bytes;
  };
  const auto large = std::stable_partition(blocks.begin(), blocks.end(),
                                           [&](const Block& block) { return !is_large(block); });
  std::uint64_t large_bytes = 0;
  for (auto each = large; each != blocks.end(); ++each) large_bytes += bytes_of(*each);
  if (large_bytes >= options_.part_bytes) {
    // They reach the disk once, not first in a segment and then in a part.
    write_part_at_once({std::make_move_iterator(large), std::make_move_iterator(blocks.end())});
    blocks.erase(large, blocks.end());
  }
  write_frames(blocks);
}

void Recorder::write_part_at_once(std::vector<Block> blocks) {
  for (Block& block : blocks) {
    block.sequence = next_sequence_;
    next_sequence_ += block.keys.size();
  }
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = next_part_++;
  }
  PartSummary summary = write_part(paths_.unfinished_part(number), series_now(), blocks, {});
  summary.number = number;
  rename_file(paths_.unfinished_part(number), paths_.written_part(number));
  std::unique_lock lock(mutex_);
  to_sync_.push_back(std::move(summary));
  sealable_.notify_one();
  synced_.wait(lock, [this] { return to_sync_.size() < unsynced_max || failed_; });
}

void Recorder::begin_segment() {
  auto file = std::make_shared<AppendedFile>(paths_.segment(next_segment_++));
  sync_folder(paths_.folder());
  defined_.clear();
  const std::lock_guard lock(mutex_);
  segment_ = std::move(file);
  synced_bytes_ = 0;
}

/// Hands the segment over to be sealed.
void Recorder::end_segment() {
  const std::lock_guard lock(mutex_);
  if (!segment_) return;
  to_seal_.push_back({std::move(segment_), next_segment_ - 1});
  segment_.reset();
  sealable_.notify_one();
}

void Recorder::add_frame(FrameBatch& batch, Block& block) {
  if (block.series >= defined_.size()) defined_.resize(block.series + 1, false);
  const auto number = static_cast<std::uint32_t>(block.series);
  if (!defined_[block.series]) {
    stream_.clear();
    encode(stream_, Definition{number, series_now()[block.series]});
    batch.add(next_sequence_, stream_.bytes());
    defined_[block.series] = true;
  }
  block.sequence = next_sequence_;
  next_sequence_ += block.keys.size();
  stream_.clear();
  if (block.failure) {
    encode(stream_, *block.failure);
  } else {
    encode(stream_, Results{number,
                            block.first_index,
                            block.circumstances,
                            std::move(block.keys),
                            std::move(block.row_bytes),
                            {}});
  }
  batch.add(block.sequence, stream_.bytes(), block.pieces);
}

void Recorder::write_frames(std::vector<Block>& blocks) {
  FrameBatch batch;
  std::shared_ptr<AppendedFile> file;
  const auto write = [&] {
    file->append(batch.pieces());
    batch.clear();
    if (file->bytes() < options_.segment_bytes) return;
    end_segment();
    file.reset();
  };
  for (Block& block : blocks) {
    if (!file) {
      if (!segment_) begin_segment();  // this thread alone changes it
      file = segment_;
    }
    add_frame(batch, block);
    if (batch.bytes() >= batch_bytes || file->bytes() + batch.bytes() >= options_.segment_bytes)
      write();
  }
  if (!batch.empty()) write();
}

// ---- the thread that seals

void Recorder::sync(std::unique_lock<std::mutex>& lock) {
  const std::shared_ptr<AppendedFile> file = segment_;
  if (!file || file->bytes() == synced_bytes_) return;
  const std::uint64_t bytes = file->bytes();
  lock.unlock();
  file->sync();
  lock.lock();
  if (file == segment_) synced_bytes_ = bytes;
}

void Recorder::seal(const Sealable& segment) {
  segment.file->sync();
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = next_part_++;
  }
  const MappedFile mapped(segment.file->path());
  std::optional<PartSummary> summary =
      seal_segment(paths_, segment.number, read_segment(mapped.bytes()), number);
  const std::lock_guard lock(mutex_);
  if (summary) parts_.push_back(std::move(*summary));
  view_is_old_ = true;
}

void Recorder::finish_part(PartSummary part) {
  put_in_place(paths_.written_part(part.number), paths_.part(part.number));
  const std::lock_guard lock(mutex_);
  parts_.push_back(std::move(part));
  view_is_old_ = true;
}

void Recorder::refresh_view() {
  std::vector<PartSummary> parts;
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(view_is_old_, false)) return;
    parts = parts_;
  }
  std::ranges::sort(parts, {}, &PartSummary::number);
  write_view(paths_, parts);
  view_written_ = std::chrono::steady_clock::now();
}

void Recorder::sync_loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    sealable_.wait_for(lock, options_.sync_interval,
                       [this] { return written_all_ || has_more_to_do(); });
    try {
      if (!to_sync_.empty()) {
        PartSummary part = std::move(to_sync_.front());
        to_sync_.pop_front();
        lock.unlock();
        finish_part(std::move(part));
        lock.lock();
        synced_.notify_one();
        continue;
      }
      if (!to_seal_.empty()) {
        const Sealable segment = std::move(to_seal_.front());
        to_seal_.pop_front();
        lock.unlock();
        seal(segment);
        lock.lock();
        continue;
      }
      sync(lock);
      const bool is_due =
          std::chrono::steady_clock::now() - view_written_ >= options_.view_interval;
      if (written_all_ || is_due) {
        lock.unlock();
        refresh_view();
        lock.lock();
      }
    } catch (...) {
      const std::string message = describe_current_exception().message;
      if (lock.owns_lock()) lock.unlock();
      give_up(message);
      lock.lock();
    }
    if (written_all_ && !has_more_to_do()) return;
  }
}

}  // namespace tutti::journal
