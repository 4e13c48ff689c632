"""The address that says whose token it is."""

from sandbox.api.addresses import Call, address
from sandbox.api.envelope import HttpResponse, success


@address("GET", "/whoami")
def whoami(call: Call) -> HttpResponse:
    user = call.user
    return success(
        {
            "brandId": user.brand,
            "userId": user.id,
            "userName": f"{user.email}#{user.brand}",
            "accountType": user.account_type,
            "firstName": user.first_name,
            "lastName": user.last_name,
            "email": user.email,
            "datacenter": call.world.brands[user.brand].data_centre,
        },
        notice=call.notice,
    )
