"""A conference as its app, its moderator and its operator see it."""

import json

from .server import NUMBER
from .steps import application
from .waiting import eventually


class Room:
    """Made over REST with these fields, or the one of `id`. Calls are placed by `server`, and told of to `app`."""

    def __init__(self, server, app, id=None, **fields):
        self.server, self.app = server, app
        if id is None:
            answer = server.rest.post("/Conferences", {"statusCallbackUrl": app.url("/conference"), **fields})
            assert answer.status == 200, answer
            self.made = answer.json
        self.id = id or self.made["conferenceId"]

    def ask(self, method, path="", body=None):
        return self.server.rest.raw(method, f"{self.server.rest.path}/Conferences/{self.id}{path}",
                                    None if body is None else json.dumps(body).encode())

    @property
    def resource(self):
        answer = self.ask("GET")
        assert answer.status == 200, answer
        return answer.json

    def end(self, status="terminated"):
        return self.ask("POST", body={"status": status})

    # Who is in it

    def add(self, **attributes):
        """The command that adds a call, which is told of."""
        return {"AddToConference": {"conferenceId": self.id, "notificationUrl": self.app.url("/in"), **attributes}}

    def call(self, number, script, **more):
        """Calls somebody with an application of the call's own."""
        own = application(self.server, self.app, script, path=f"/connect{number[-4:]}")
        return self.server.rest.place(from_=NUMBER, to=number, applicationId=own, **more)

    def join(self, number, seconds=10, **attributes):
        """Calls somebody and adds the call; returns it once it is in."""
        call = self.call(number, [self.add(**attributes)])
        self.app.wait_for(call, "addToConferenceNotification", seconds)
        return call

    @property
    def members(self):
        """Their calls, newest first."""
        answer = self.ask("GET", "/Participants")
        assert answer.status == 200, answer
        return [participant["callId"] for participant in answer.json["participants"]]

    def change(self, call, **what):
        answer = self.ask("POST", f"/Participants/{call}", what)
        assert answer.status == 200, answer
        return answer.json

    def hang_up(self, *calls):
        for call in calls:
            self.server.rest.update(call, "completed")
        for call in calls:
            self.app.wait_for(call, "callStatus", 20)

    # What is told of it

    @property
    def told(self):
        """Its statuses, in order; what comes again is the same event."""
        events = {webhook.event: webhook.json["status"] for webhook in self.app.of(self.id, "conferenceStatus")}
        return list(events.values())

    def wait_until_told(self, *statuses, seconds=10):
        eventually(lambda: self.told == list(statuses), seconds, lambda: f"{list(statuses)} is told; told: {self.told}")

    @property
    def story(self):
        """Its log, oldest first."""
        answer = self.ask("GET", "/Logs")
        assert answer.status == 200 and answer.json["nextPageUri"] is None, answer
        return answer.json["logs"][::-1]
