#pragma once

/// Settings of jobs from several sources, the later over the earlier, each remembering where it
/// comes from. Pure: the text of files and the environment are passed in.

#include "jobs/job_settings.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::jobs {

/// What one source says.
struct SettingsLayer {
  std::string origin = {};  ///< "/etc/tutti/config.toml", "TUTTI_JOBS_QUEUE", "--queue"
  std::map<std::string, std::vector<std::string>, std::less<>> texts = {};
};

/// One file of settings: those at its top, and those of each profile ([profile.NAME]).
struct SettingsFile {
  SettingsLayer top;
  std::map<std::string, SettingsLayer, std::less<>> profiles;
  std::string default_profile;  ///< `default_profile = "NAME"`, or empty
};

/// Throws Error (bad_argument) when `text` is no TOML, or holds an unknown setting or a value of
/// the wrong kind, naming `path` and the line.
SettingsFile settings_file(std::string_view path, const std::string& text);

/// The TUTTI_JOBS_ variables of `environment` ("NAME=value" entries), a layer each. Entries of a
/// list stand on lines of their own. Throws Error (bad_argument) for an unknown one.
std::vector<SettingsLayer> environment_layers(std::span<const std::string> environment);

/// Files in order, first all their tops, then the profile wherever it is defined, then `above`.
/// `profile` empty: the last file that names a default decides. Throws Error (bad_argument) with
/// the nearest name when no file has the profile.
std::vector<SettingsLayer> layers_in_order(std::span<const SettingsFile> files,
                                           const std::string& profile,
                                           std::vector<SettingsLayer> above);

/// All layers put over the defaults. Variables of `env` are put together by name, everything else
/// is replaced. An error names the origin.
JobRequest request_of(std::span<const SettingsLayer> layers);

/// One line for each setting that a layer gives, aligned: name, value, origin.
std::string shown(std::span<const SettingsLayer> layers);

}  // namespace tutti::jobs
