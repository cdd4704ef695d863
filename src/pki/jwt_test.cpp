#include "pki/jwt.h"

#include <fmt/core.h>
#include <gmock/gmock.h>

#include "data/encoding.h"
#include "data/json_text.h"
#include "pki/certificate.h"

namespace slipway::pki {
namespace {

using data::Json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Json json(std::string_view text) {
  auto value = data::parse_json(text);
  EXPECT_TRUE(value) << text;
  return value ? *value : Json();
}

// RFC 7515, appendix A.3.
constexpr std::string_view kCurveKey =
    R"({"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";
constexpr std::string_view kCurveToken =
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
    "cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

// Signed by the openssl command.
constexpr std::string_view kRsaKey =
    R"({"kty": "RSA", "kid": "r", "e": "AQAB", "n": "oX7RyB5vTKw8Lsadf745H3bG4x1XJ4C2mB6R9DwL-7tUHyfzVsBA9d1unhbm30)"
    R"(xX-WR1VZcTJs9VzV55zNCbbH3ys2iCmNafYOK8MifyndQT12OcvUjnIIbt5LVppmbDIgp8vQg1zA54TugpivSVThfwTyRBP9SymUTNJ5G0Uc)"
    R"(TK5otjzec8XwejrvE18vXvSATpNkjFLo66NE-i40qXwmAALJWi2ADM198p6r-ekglEZr8SSZTFuu8oFwxQz_so5QUtvua1nwAg1MF32xM0-Z)"
    R"(8QW0HLcVXJlVN-aOKdWgc8Ws-MrmGwP0pxq9oAaOLf0B3BdMmgs6bQ3zC7X2dzKw"})";
constexpr std::string_view kRs256Token =
    R"(eyJhbGciOiAiUlMyNTYiLCAia2lkIjogInIifQ.eyJzdWIiOiJqYW5lIiwiZXhwIjoyMDAwMDAwMDAwfQ.n9R9RPQ1ziO-emZYBNm4yW1AA6)"
    R"(-MsekReH5NzPYL-7PuE1NNlkYOpmOssxga6pAq14EOSU9-l9V2SnR6Zj8QhUsjAvMou0lEL35q_5yyFOrJNkJcknbOIjWxGgw9QLqoFokYxz)"
    R"(_p-N7Mr9ulY3guUtA8Au4nL-SDcLETs8kXz8gxdsM-gGmHF8LigzG4NnzZhutwS7XUXhLuA_E00lElfEEJgzbe3MARNlkk_nq5Tntw7rPExG)"
    R"(76uxw-DaIcOm5-Ru1UK8H3K9NfaYzjrnbkL10AbI9nYRDL-nN5-WnupZa2BUeNTpHTwrKbCpIBZSe57fASwpQroSkbi_0XPMwlcg)";
constexpr std::string_view kPs256Token =
    R"(eyJhbGciOiAiUFMyNTYiLCAia2lkIjogInIifQ.eyJzdWIiOiJqYW5lIiwiZXhwIjoyMDAwMDAwMDAwfQ.BuUCyOo2Sz0SW-1NyQfTDJutuS)"
    R"(SG5_aSrevQ7SjoZW8hMgsQoXvlEsioJFyYdg5YTpC6ZgtHvHShR2soDDZ8tyCDZ3GPogONWKzJ-SSb6UGtz4mwZ-nqQDMtA6Aj7YbWn7Yizh)"
    R"(Xss3d41NZfY1ybWE1lT8KrMZ4EOrVhMmdIQT3xivk74BSfIyFEDPlCRUn_0W2WrwxoW2yVgFvjDAJXyNxpsymscK9R5GABpFFSNEVLH5WEQz)"
    R"(0UpjvVP2MzpXN8c70h5REChWnLGSuETq0G3HFZ8GY4NEb4l_S5jpKPAyZ6r4f1aXwcZV-36cG7eZ19wzE9yL8GyBeHyMToNYe0Tg)";

std::vector<PublicKey> keys_of(std::string_view jwk) {
  auto keys = parse_key_set(fmt::format(R"({{"keys": [{}]}})", jwk));
  EXPECT_TRUE(keys);
  return keys ? *keys : std::vector<PublicKey>();
}

SignatureVerdict verdict(std::string_view token, std::string_view jwk,
                         std::vector<SignatureAlgorithm> algorithms = {}) {
  const auto parsed = parse_jwt(token);
  if (!parsed) return SignatureVerdict::kWrong;
  return verify_jwt(*parsed, keys_of(jwk), algorithms);
}

SigningKey made_key(KeyType type) {
  return *SigningKey::of_pem(*generate_key(type));
}

std::string token_of(std::string_view header, std::string_view claims, std::string_view signature = "AAAA") {
  return data::base64url_encode(header) + '.' + data::base64url_encode(claims) + '.' + std::string(signature);
}

TEST(Jwt, ForeignSignaturesVerify) {
  EXPECT_EQ(verdict(kCurveToken, kCurveKey), SignatureVerdict::kVerified);
  EXPECT_EQ(verdict(kRs256Token, kRsaKey), SignatureVerdict::kVerified);
  EXPECT_EQ(verdict(kPs256Token, kRsaKey), SignatureVerdict::kVerified);
  EXPECT_EQ(parse_jwt(kCurveToken)->claims.text({"iss"}), "joe");
  EXPECT_EQ(parse_jwt(kRs256Token)->key_id, "r");
}

TEST(Jwt, OnlyAcceptedAlgorithmsAndKeysVerify) {
  using enum SignatureAlgorithm;
  EXPECT_EQ(verdict(kRs256Token, kRsaKey, {kRs256}), SignatureVerdict::kVerified);
  EXPECT_EQ(verdict(kPs256Token, kRsaKey, {kRs256}), SignatureVerdict::kWrong);
  EXPECT_EQ(verdict(kRs256Token, kCurveKey), SignatureVerdict::kUnknownKey);
  EXPECT_EQ(verdict(kCurveToken, kRsaKey), SignatureVerdict::kWrong);
  // A key that says what it is for is for nothing else.
  Json narrow = json(kRsaKey);
  narrow.set("alg", "PS256");
  EXPECT_EQ(verdict(kPs256Token, data::to_json(narrow)), SignatureVerdict::kVerified);
  EXPECT_EQ(verdict(kRs256Token, data::to_json(narrow)), SignatureVerdict::kWrong);
}

TEST(Jwt, EveryChangedCharacterIsNoticed) {
  for (const std::string_view token : {kCurveToken, kRs256Token}) {
    const std::string_view key = token == kCurveToken ? kCurveKey : kRsaKey;
    for (std::size_t at = 0; at < token.size(); at += 3) {
      std::string changed(token);
      changed[at] = changed[at] == 'A' ? 'B' : 'A';
      EXPECT_NE(verdict(changed, key), SignatureVerdict::kVerified) << at;
    }
  }
}

TEST(Jwt, WhatIsNotSignedIsNoToken) {
  const std::string claims = R"({"sub": "secret-name"})";
  const std::string long_text(kMaxJwtBytes, 'a');
  for (const std::string& token : {std::string(),
                                   std::string("a"),
                                   std::string("a.b"),
                                   std::string(".."),
                                   std::string("a.b.c.d"),
                                   token_of(R"({"alg": "none"})", claims, ""),
                                   token_of(R"({"alg": "none"})", claims),
                                   token_of(R"({"alg": "None"})", claims),
                                   token_of(R"({"alg": "HS256"})", claims),
                                   token_of("{}", claims),
                                   token_of(R"({"alg": "ES256"})", claims, ""),
                                   token_of(R"({"alg": "ES256"})", "[]"),
                                   token_of(R"({"alg": "ES256"})", "{secret-name"),
                                   token_of("[]", claims),
                                   token_of(R"({"alg": "ES256", "crit": ["exp"]})", claims),
                                   token_of(R"({"alg": "ES256"})", claims, "A=="),
                                   token_of(R"({"alg": "ES256"})", claims, "A+/A"),
                                   token_of(R"({"alg": "ES256", "alg": "none"})", claims),
                                   token_of(R"({"alg": "ES256"})", R"({"sub": "a", "sub": "b"})"),
                                   token_of(R"({"alg": "ES256"})", long_text)}) {
    const auto parsed = parse_jwt(token);
    ASSERT_FALSE(parsed) << token.substr(0, 100);
    EXPECT_EQ(parsed.error().code(), base::ErrorCode::kUnauthorized);
    EXPECT_THAT(parsed.error().message(), Not(HasSubstr("secret-name")));
  }
}

// HMAC with the public key as the secret, the classic confusion: there is no HMAC, and no key of that kind.
TEST(Jwt, SharedSecretsAreNoKeys) {
  EXPECT_THAT(keys_of(R"({"kty": "oct", "k": "c2VjcmV0"})"), IsEmpty());
  EXPECT_FALSE(parse_algorithm("HS256"));
  EXPECT_FALSE(parse_algorithm("none"));
}

class OwnKeys : public testing::TestWithParam<KeyType> {};

TEST_P(OwnKeys, SignAndVerifyThroughTheKeySet) {
  const SigningKey key = made_key(GetParam());
  const auto token = sign_jwt(key, json(R"({"sub": "a", "exp": 2000000000})"));
  ASSERT_TRUE(token) << token.error().message();
  const auto jwk = key.public_key().jwk();
  ASSERT_TRUE(jwk);
  EXPECT_EQ(verdict(*token, data::to_json(*jwk)), SignatureVerdict::kVerified);
  EXPECT_EQ(parse_jwt(*token)->key_id, key.public_key().id());
  EXPECT_EQ(key.public_key().id().size(), 43u);  // base64url of 32 bytes
  for (const char* secret : {"d", "p", "q", "dp", "dq", "qi"}) EXPECT_FALSE(jwk->contains(secret));
  const auto other = made_key(GetParam()).public_key().jwk();
  EXPECT_EQ(verdict(*token, data::to_json(*other)), SignatureVerdict::kUnknownKey);
  Json same_name = *other;
  same_name.set("kid", key.public_key().id());
  EXPECT_EQ(verdict(*token, data::to_json(same_name)), SignatureVerdict::kWrong);
}
INSTANTIATE_TEST_SUITE_P(Types, OwnKeys, testing::Values(KeyType::kEcP256, KeyType::kRsa2048));

TEST(KeySet, WhatVerifiesNothingIsPassedOver) {
  const auto keys =
      parse_key_set(R"({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AA"}, {"kty": "EC", "crv": "P-256"},
      {"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
       "y": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"},
      {"kty": "RSA", "n": "AQAB", "e": "AQAB"}, 7, {"kty": "EC", "use": "enc"}]})");
  ASSERT_TRUE(keys);
  EXPECT_THAT(*keys, IsEmpty());
  for (const std::string& wrong :
       {std::string("{"), std::string("{}"), std::string(R"({"keys": {}})"), std::string((1u << 20) + 1, ' ')})
    EXPECT_FALSE(parse_key_set(wrong));
  Json many = Json::object();
  for (int i = 0; i < 101; ++i) many.at("keys").append(Json::object());
  EXPECT_FALSE(parse_key_set(data::to_json(many)));
}

TEST(KeySet, OtherTextsDoNotSign) {
  EXPECT_FALSE(SigningKey::of_pem("no key"));
}

struct Times {
  const char* claims;
  const char* expected;  // "" = holds
};
class JwtTimes : public testing::TestWithParam<Times> {};

TEST_P(JwtTimes, AreChecked) {
  const base::Status status = check_jwt_times(json(GetParam().claims), base::WallTime(std::chrono::seconds(1'000'000)),
                                              std::chrono::seconds(60));
  EXPECT_EQ(status ? "" : status.error().message(), GetParam().expected);
}
INSTANTIATE_TEST_SUITE_P(All, JwtTimes,
                         testing::Values(Times{R"({"exp": 1000001})", ""}, Times{R"({"exp": 999941})", ""},
                                         Times{R"({"exp": 999940})", "the token has expired"},
                                         Times{R"({"exp": 1000001.5})", ""}, Times{R"({})", "the token never expires"},
                                         Times{R"({"exp": "1000001"})", "the token holds a time that is none"},
                                         Times{R"({"exp": -1})", "the token holds a time that is none"},
                                         Times{R"({"exp": 1e300})", "the token holds a time that is none"},
                                         Times{R"({"exp": 2000000, "nbf": 1000060})", ""},
                                         Times{R"({"exp": 2000000, "nbf": 1000061})", "the token is not valid yet"},
                                         Times{R"({"exp": 2000000, "iat": 1000061})",
                                               "the token was issued in the future"}));

TEST(Jwt, Audiences) {
  EXPECT_THAT(jwt_audiences(json(R"({"aud": "a"})")), ElementsAre("a"));
  EXPECT_THAT(jwt_audiences(json(R"({"aud": ["a", 1, "b"]})")), ElementsAre("a", "b"));
  EXPECT_THAT(jwt_audiences(json(R"({"aud": {"a": 1}})")), IsEmpty());
}

}  // namespace
}  // namespace slipway::pki
