from django.urls import path

from smart_erp.excuses import views

urlpatterns = [
    path("", views.listing, name="excuses"),
    path("<int:pk>/decide/", views.decide, name="decide-excuse"),
]
