#pragma once

#include "cel/time_text.h"

namespace slipway::cel {

// The offset of a zone of the system's time zone database (RFC 8536 files) at that second; "" and "UTC" are UTC.
ZoneOffset named_zone_offset(std::string_view name, std::int64_t seconds);

}  // namespace slipway::cel
