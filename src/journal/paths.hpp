#pragma once

/// Names of the files of a journal. `sweep`, `sweep.h5` and `sweep.journal` all mean the journal
/// whose folder is `sweep.journal` and whose view is `sweep.h5`. Pure.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::journal {

class Paths {
 public:
  explicit Paths(std::string_view given);

  const std::filesystem::path& folder() const { return folder_; }
  const std::filesystem::path& view() const { return view_; }
  std::filesystem::path lock() const { return folder_ / "lock"; }
  /// Where the view is until it is complete.
  std::filesystem::path unfinished_view() const { return folder_ / "view.h5.tmp"; }
  std::filesystem::path segment(std::uint64_t number) const;
  std::filesystem::path part(std::uint64_t number) const;
  /// Where the part is until it is complete.
  std::filesystem::path unfinished_part(std::uint64_t number) const;
  /// And until it is on the disk: complete, as long as the machine keeps its power.
  std::filesystem::path written_part(std::uint64_t number) const;
  /// The part as the view names it.
  std::filesystem::path part_seen_from_view(std::uint64_t number) const;

  /// The numbers in names of files, nothing for those of other files.
  static std::optional<std::uint64_t> segment_number(const std::string& file_name);
  static std::optional<std::uint64_t> part_number(const std::string& file_name);
  static std::optional<std::uint64_t> written_part_number(const std::string& file_name);
  static bool is_unfinished(const std::string& file_name);

 private:
  std::filesystem::path folder_;
  std::filesystem::path view_;
};

}  // namespace tutti::journal
