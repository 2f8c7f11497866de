"""A voice app as the official Python quickstart has it, in words of our own: one route that greets whoever calls.

    ACCOUNT_ID=… API_KEY=… FLASK_APP=quickstart.py flask run
"""

import os

import freeclimb
from flask import Flask

# The quickstart makes a configuration that its one route has no use for; credentials that cannot be read show here.
configuration = freeclimb.Configuration(username=os.environ["ACCOUNT_ID"], password=os.environ["API_KEY"])
app = Flask(__name__)


# The application's voiceUrl. A browser may look at it too.
@app.route("/incomingCall", methods=["POST", "GET"])
def greet():
    greeting = freeclimb.Say(text="Welcome. The rope is in good hands.")
    return freeclimb.PerclScript(commands=[greeting]).to_json()
