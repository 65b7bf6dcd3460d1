#pragma once

/// Encoding of messages by hand, and decoding that is total: whatever the bytes are, decode() gives
/// a message or throws Error with ErrorCode::corrupt_data. A packet is a sequence of messages; each
/// is a byte that says which one, then its fields as docs/protocol.md lists them.

#include "protocol/messages.hpp"
#include "tutti/bytes.hpp"

namespace tutti::protocol {

void encode(Writer& writer, const DefineFunction& message);
void encode(Writer& writer, const DefineGroup& message);
void encode(Writer& writer, const AssignTask& message);
void encode(Writer& writer, const AssignRange& message);
void encode(Writer& writer, const ReleaseData& message);
void encode(Writer& writer, const GiveBack& message);
void encode(Writer& writer, const Probe& message);
void encode(Writer& writer, const Located& message);
void encode(Writer& writer, const EnterCollective& message);
void encode(Writer& writer, const Shutdown& message);
void encode(Writer& writer, const Hello& message);
void encode(Writer& writer, const TaskFinished& message);
void encode(Writer& writer, const TaskThrew& message);
void encode(Writer& writer, const ElementThrew& message);
void encode(Writer& writer, const RangeFinished& message);
void encode(Writer& writer, const Timing& message);
void encode(Writer& writer, const Replica& message);
void encode(Writer& writer, const GaveBack& message);
void encode(Writer& writer, const Locate& message);
void encode(Writer& writer, const Alive& message);
void encode(Writer& writer, const Transfer& message);
void encode(Writer& writer, const MemoryState& message);
void encode(Writer& writer, const Placed& message);
void encode(Writer& writer, const Goodbye& message);
void encode(Writer& writer, const Fetch& message);
void encode(Writer& writer, const Data& message);
void encode(Writer& writer, const Fragment& message);
void encode(Writer& writer, const SharedOnNode& message);
void encode(Writer& writer, const Replicate& message);
void encode(Writer& writer, const DropStretch& message);
void encode(Writer& writer, const Replicated& message);
void encode(Writer& writer, const GrantIds& message);
void encode(Writer& writer, const TaskEnded& message);
void encode(Writer& writer, const RangeEnded& message);
void encode(Writer& writer, const GroupEnded& message);
void encode(Writer& writer, const WorkFailed& message);
void encode(Writer& writer, const CancelWork& message);
void encode(Writer& writer, const RequestIds& message);
void encode(Writer& writer, const NameFunction& message);
void encode(Writer& writer, const SubmitTask& message);
void encode(Writer& writer, const SubmitGroup& message);
void encode(Writer& writer, const PlaceValue& message);
void encode(Writer& writer, const DropFutures& message);
void encode(Writer& writer, const Waits& message);
void encode(Writer& writer, const CancelFutures& message);
void encode(Writer& writer, const ClaimEnded& message);
void encode(Writer& writer, const Progress& message);
void encode(Writer& writer, const ProgressTold& message);
void encode(Writer& writer, const SyncRequest& message);
void encode(Writer& writer, const SyncCancel& message);
void encode(Writer& writer, const SyncAnswer& message);
void encode(Writer& writer, const SyncTaskEnded& message);
void encode(Writer& writer, const AssignMember& message);
void encode(Writer& writer, const StartGang& message);
void encode(Writer& writer, const StopGang& message);
void encode(Writer& writer, const DropCommunicator& message);
void encode(Writer& writer, const MemberReady& message);
void encode(Writer& writer, const MemberFailed& message);
void encode(Writer& writer, const MemberEnded& message);

/// Reads the next message of a packet. Views in it point into the reader's bytes.
Message decode(Reader& reader);

}  // namespace tutti::protocol
